package io.github.usage4j.examples.quickstart;

import dev.langchain4j.agent.tool.Tool;
import dev.langchain4j.service.TokenStream;

/** The application of the quickstart: an assistant that looks up orders and parcels. */
final class SupportDesk {

  private SupportDesk() {}

  /** Answers in one piece. */
  interface Assistant {
    String chat(String message);
  }

  /** Answers piece by piece. */
  interface StreamingAssistant {
    TokenStream chat(String message);
  }

  /** What the model may look up. */
  static final class Tools {

    @Tool("Finds the open order of a customer")
    String findOrder(String customer) {
      return "order 4711 of " + customer;
    }

    @Tool("Says where a parcel is")
    String trackParcel(String order) {
      return "parcel of order " + order + ": out for delivery, arrives tomorrow";
    }
  }
}
