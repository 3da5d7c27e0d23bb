package io.github.usage4j.examples.replay;

import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.model.language.LanguageModel;
import dev.langchain4j.model.language.StreamingLanguageModel;
import dev.langchain4j.model.scoring.ScoringModel;
import java.util.List;
import java.util.function.IntSupplier;

/**
 * The library under test, as this program needs it: it accounts for models and says what it
 * recorded.
 */
@SuppressWarnings("overloads") // nobody passes a lambda
interface Recorder extends AutoCloseable {

  /** The model, accounted for under this provider's name. */
  ChatModel wrap(String provider, ChatModel model);

  /** The model, accounted for under this provider's name. */
  StreamingChatModel wrap(String provider, StreamingChatModel model);

  /** The model, accounted for under this provider's name. */
  EmbeddingModel wrap(String provider, EmbeddingModel model);

  /** The model, accounted for under this provider's name. */
  LanguageModel wrap(String provider, LanguageModel model);

  /** The model, accounted for under this provider's name. */
  StreamingLanguageModel wrap(String provider, StreamingLanguageModel model);

  /** The model, accounted for under this provider's name. */
  ScoringModel wrap(String provider, ScoringModel model);

  /**
   * Plays as one operation and says what was recorded of it, in the order of the calls, as read
   * back from the database.
   *
   * @param name names the operation
   * @param play returns how many model calls were made; streams may end a little later, and are
   *     waited for
   */
  List<RecordedEvent> record(String name, IntSupplier play);

  /**
   * How many model calls the database holds of all that this recorder played. Ends what is still
   * open, so that nothing comes later; nothing can be played afterwards.
   */
  long recordedCalls();

  /** The month's summary read back from the database, as lines to print. */
  List<String> monthSummary();

  /** Writes out what is still on its way. */
  @Override
  void close();
}
