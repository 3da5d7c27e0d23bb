package io.github.usage4j.examples.quickstart;

import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.openai.OpenAiChatModel;
import dev.langchain4j.model.openai.OpenAiStreamingChatModel;
import dev.langchain4j.service.AiServices;
import io.github.usage4j.Attribution;
import io.github.usage4j.BillingPeriod;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageFilter;
import io.github.usage4j.UsageQueries;
import io.github.usage4j.UsageQueries.Dimension;
import io.github.usage4j.UsageSummary;
import io.github.usage4j.examples.support.BadInputException;
import io.github.usage4j.examples.support.Databases;
import io.github.usage4j.examples.support.SummaryTable;
import io.github.usage4j.examples.support.TextTable;
import io.github.usage4j.langchain4j.TrackedModels;
import io.github.usage4j.pricing.ModelPrice;
import io.github.usage4j.pricing.PriceCatalog;
import io.github.usage4j.sink.UsageStore;
import io.github.usage4j.track.UsageScope;
import io.github.usage4j.track.UsageTracker;
import java.io.IOException;
import java.io.PrintStream;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** An AI service with tools, blocking and streaming, accounted for into an embedded database. */
public final class QuickstartCommand {

  private static final String DATABASE = "jdbc:h2:mem:quickstart";
  private static final String QUESTION = "Where is my order?";
  private static final Attribution ADA =
      Attribution.organization("acme").user("ada", "Ada Lovelace").category("support");

  private final PrintStream out;

  private QuickstartCommand(PrintStream out) {
    this.out = out;
  }

  /**
   * Runs the program.
   *
   * @param apiKey of OpenAI, to use the real service; null for the scripted one
   * @return 0 if the month in the database is what the requests used, else 1
   */
  public static int run(@Nullable String apiKey, PrintStream out)
      throws IOException, BadInputException {
    try (var scripted = new ScriptedOpenAi()) {
      String url = apiKey == null ? scripted.baseUrl() : "https://api.openai.com/v1";
      out.println(
          apiKey == null
              ? "No OPENAI_API_KEY: a scripted endpoint on the loopback address answers.\n"
              : "OPENAI_API_KEY is set: OpenAI answers.\n");
      return new QuickstartCommand(out).run(url, apiKey == null ? "none" : apiKey);
    }
  }

  private int run(String baseUrl, String apiKey) throws BadInputException {
    BillingPeriod month = BillingPeriod.monthOf(Instant.now());
    UsageStore store = Databases.open(DATABASE);
    UsageSummary used;
    try (UsageTracker tracker = UsageTracker.builder(store).prices(prices()).build()) {
      TrackedModels models = TrackedModels.with(tracker);
      ChatModel blocking =
          models.wrap(
              OpenAiChatModel.builder()
                  .baseUrl(baseUrl)
                  .apiKey(apiKey)
                  .modelName(ScriptedOpenAi.MODEL)
                  .build());
      StreamingChatModel streaming =
          models.wrap(
              OpenAiStreamingChatModel.builder()
                  .baseUrl(baseUrl)
                  .apiKey(apiKey)
                  .modelName(ScriptedOpenAi.MODEL)
                  .build());
      UsageSummary first = report("blocking", tracker.scope(ADA), () -> ask(blocking));
      UsageSummary second = report("streaming", tracker.scope(ADA), () -> ask(streaming));
      used = first.plus(second);
    }
    UsageSummary stored = printStored(store.queries(), month);
    boolean equal =
        stored.tokens().equals(used.tokens())
            && stored.costs().equals(used.costs())
            && stored.calls() == used.calls();
    out.println();
    out.println(
        equal
            ? "The month in the database equals the totalUsage of both requests."
            : "DIFFERENT: the requests used " + used + ", the database has " + stored);
    return equal ? 0 : 1;
  }

  /** OpenAI's list prices of one model, so that the rows have a cost. */
  private static PriceCatalog prices() {
    ModelPrice mini =
        ModelPrice.perMillion("openai", ScriptedOpenAi.MODEL, "USD")
            .input("0.15")
            .cacheRead("0.075")
            .output("0.60");
    return PriceCatalog.of(mini);
  }

  private String ask(ChatModel model) {
    return AiServices.builder(SupportDesk.Assistant.class)
        .chatModel(model)
        .tools(new SupportDesk.Tools())
        .build()
        .chat(QUESTION);
  }

  private String ask(StreamingChatModel model) {
    var answer = new CompletableFuture<String>();
    AiServices.builder(SupportDesk.StreamingAssistant.class)
        .streamingChatModel(model)
        .tools(new SupportDesk.Tools())
        .build()
        .chat(QUESTION)
        .onPartialResponse(part -> {})
        .onCompleteResponse(response -> answer.complete(response.aiMessage().text()))
        .onError(answer::completeExceptionally)
        .start();
    return answer.join();
  }

  private UsageSummary report(
      String how, UsageScope scope, java.util.function.Supplier<String> question) {
    String answer = scope.call(question);
    out.println(how + ": " + answer);
    List<UsageEvent> steps = scope.events();
    for (UsageEvent step : steps) {
      out.printf(
          "  step %d: %s, %,d input + %,d output tokens%n",
          step.step(),
          step.toolCalls() > 0 ? "asks for a tool" : "answers",
          step.tokens().input(),
          step.tokens().output());
    }
    UsageSummary total = scope.totalUsage();
    out.printf(
        "  last step %,d tokens, totalUsage %,d tokens, %s USD%n%n",
        steps.get(steps.size() - 1).tokens().total(),
        total.totalTokens(),
        total.cost("USD").toPlainString());
    return total;
  }

  private UsageSummary printStored(UsageQueries usage, BillingPeriod month) {
    UsageFilter acme = UsageFilter.organization("acme");
    out.println("Rows in the database:");
    var rows =
        new TextTable("occurred at", "operation", "step", "model", "input", "output", "cost");
    var events = new ArrayList<>(usage.events(acme, month, 100, null).events());
    java.util.Collections.reverse(events);
    for (UsageEvent event : events) {
      rows.row(
          event.occurredAt(),
          event.operationId().substring(24),
          event.step(),
          event.model(),
          String.valueOf(event.tokens().input()),
          String.valueOf(event.tokens().output()),
          event.cost() == null ? "-" : event.cost().total().toPlainString());
    }
    rows.lines().forEach(out::println);
    out.println();
    UsageSummary total = usage.total(acme, month);
    out.println("Month " + month.start().toString().substring(0, 7) + " (UTC) of acme:");
    SummaryTable.of(Dimension.USER, usage.by(acme, month, Dimension.USER), total)
        .forEach(out::println);
    return total;
  }
}
