package io.github.usage4j.langchain4j.tck;

import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.StreamingChatModel;
import java.util.List;

/** What is put over every model that an AI service of this JVM is given. */
public interface Layer {

  /** Nothing. */
  Layer NONE =
      new Layer() {
        @Override
        public ChatModel over(ChatModel model) {
          return model;
        }

        @Override
        public StreamingChatModel over(StreamingChatModel model) {
          return model;
        }
      };

  ChatModel over(ChatModel model);

  StreamingChatModel over(StreamingChatModel model);

  /** What it has seen by now, one {@code name=figure} a line. */
  default List<String> figures() {
    return List.of();
  }

  /** What it found wrong by now. */
  default List<String> problems() {
    return List.of();
  }

  static Layer chosen() {
    return SuiteRun.layer;
  }
}
