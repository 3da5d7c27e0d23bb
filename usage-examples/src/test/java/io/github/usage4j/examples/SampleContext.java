package io.github.usage4j.examples;

import dev.langchain4j.agent.tool.Tool;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.service.TokenStream;
import io.github.usage4j.BillingPeriod;
import io.github.usage4j.UsageFilter;
import io.github.usage4j.UsageQueries;
import io.github.usage4j.pricing.PriceCatalog;
import io.github.usage4j.sink.UsageStore;
import io.github.usage4j.track.UsageTracker;
import java.util.List;
import java.util.UUID;
import javax.sql.DataSource;

/**
 * What samples in README.md and docs/ may use without declaring it: every sample is compiled as a
 * subclass. Nothing here is ever run; a field needs a type and no value, a type no behaviour.
 */
abstract class SampleContext {

  DataSource dataSource;
  UsageStore store;
  UsageTracker tracker;
  UsageQueries usage;
  PriceCatalog prices;
  UsageFilter acme;
  BillingPeriod november;

  ChatModel model;
  ChatModel openAi;
  StreamingChatModel streamingModel;
  EmbeddingModel embeddingModel;
  Assistant assistant;
  StreamingAssistant streamingAssistant;

  String message;
  String chatId;
  String cursor;
  UUID id;
  List<String> documents;

  /** The AI service of the samples. */
  interface Assistant {
    String chat(String message);
  }

  /** The same, streaming. */
  interface StreamingAssistant {
    TokenStream chat(String message);
  }

  /** Tools of the samples' AI service. */
  static class OrderTools {

    @Tool("Finds an order")
    String order(String number) {
      return number;
    }
  }
}
