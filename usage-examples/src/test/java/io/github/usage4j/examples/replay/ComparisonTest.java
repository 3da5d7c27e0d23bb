package io.github.usage4j.examples.replay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.math.BigDecimal;
import java.net.ConnectException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What is equal, what is different, and what may be skipped: nothing else. */
class ComparisonTest {
  private static final RecordedEvent RIGHT = event(Exchanges.STATED, "SUCCESS");
  private static final RecordedEvent NOTHING = event(Figures.NONE, "ERROR");

  @Test
  void of_sameFigures_isEqual() {
    FileResult result = compare(single(Exchanges.answer()), List.of(called(null)), RIGHT);
    assertEquals(FileResult.Status.OK, result.status());
    assertEquals(true, result.equal());
    assertNull(result.detail());
  }

  @Test
  void of_figureMissing_isDifferent() {
    FileResult result =
        compare(single(Exchanges.answer()), List.of(called(null)), event(Figures.NONE, "SUCCESS"));
    assertTrue(result.differs());
    assertEquals(FileResult.Status.OK, result.status());
  }

  @Test
  void of_searches_areComparedAsANumber() throws Exception {
    ExchangeStep template = Exchanges.answer();
    var step =
        new ExchangeStep(
            "rerank-v2",
            template.request(),
            template.response(),
            Figures.NONE,
            List.of(),
            List.of(),
            new ObjectMapper().readTree("{\"billed_units\":{\"search_units\":2}}"));
    ExchangeFile file = Exchanges.file("cohere", ExchangeFile.Kind.SINGLE, step);
    List<Played.Step> played = List.of(called(null));

    assertEquals(true, compare(file, played, searches("2.0")).equal());
    assertTrue(compare(file, played, searches("1")).differs());
    assertTrue(compare(file, played, event(Figures.NONE, "SUCCESS")).differs());
    assertTrue(compare(single(template), played, searches("1")).differs());
  }

  private static RecordedEvent searches(String number) {
    var charges =
        new RecordedEvent.Charges(
            null, null, null, Map.of("searches", new BigDecimal(number)), Map.of());
    return new RecordedEvent(
        "cohere", "rerank", Figures.NONE, "MISSING", "SUCCESS", charges, false);
  }

  private static RecordedEvent advice(String model, long input) {
    return new RecordedEvent(
        "together",
        model,
        new Figures(input, 2L, input + 2, 0L, 0L, 0L),
        "REPORTED",
        "SUCCESS",
        RecordedEvent.Charges.NONE,
        true);
  }

  @Test
  void of_whatAnotherModelUsed_isComparedWithWhatIsExpectedBeside() {
    var also = new ExchangeStep.Also("large-1", 40L, 2L, 42L, 0L, 0L, 0L);
    ExchangeFile file = single(Exchanges.alsoUsing(also, Exchanges.answer()));
    List<Played.Step> played = List.of(called(null));

    assertEquals(true, compare(file, played, RIGHT, advice("large-1", 40)).equal());
    assertTrue(compare(file, played, RIGHT).differs());
    assertTrue(compare(file, played, RIGHT, advice("large-1", 41)).differs());
    assertTrue(compare(file, played, RIGHT, advice("large-2", 40)).differs());
    assertTrue(
        compare(file, played, RIGHT, advice("large-1", 40), advice("large-1", 40)).differs());
    assertTrue(compare(single(Exchanges.answer()), played, RIGHT, advice("large-1", 40)).differs());
  }

  @Test
  void of_whatAnotherModelUsed_isNoCallOfItsOwn() {
    var also = new ExchangeStep.Also("large-1", 40L, 2L, 42L, 0L, 0L, 0L);
    ExchangeFile file =
        Exchanges.file(
            "together",
            ExchangeFile.Kind.SEQUENCE,
            Exchanges.alsoUsing(also, Exchanges.answer()),
            Exchanges.answer());
    var played = List.of(called(null), called(null));

    FileResult result = compare(file, played, RIGHT, advice("large-1", 40), RIGHT);
    assertEquals(true, result.equal());
    assertEquals(List.of(1, 1, 2), result.events().stream().map(FileResult.Event::step).toList());
    assertTrue(compare(file, played, RIGHT, RIGHT, advice("large-1", 40)).differs());
  }

  @Test
  void of_estimate_isNotWhatTheProviderStated() {
    var estimated =
        new RecordedEvent(
            "together",
            "small-1",
            Exchanges.STATED,
            "ESTIMATED",
            "SUCCESS",
            RecordedEvent.Charges.NONE,
            false);
    assertTrue(compare(single(Exchanges.answer()), List.of(called(null)), estimated).differs());
  }

  @Test
  void of_answerRefusedByClient_isUsageNotExposed() {
    FileResult result =
        compare(single(Exchanges.unreadableAnswer()), List.of(called(refusal())), NOTHING);
    assertEquals("usage-not-exposed", result.reason());
    assertNull(result.equal());
    assertEquals(
        "step 1: usage of an answer with status 200: dev.langchain4j.model.some.Client throws"
            + " java.lang.IllegalStateException: cannot read it",
        result.detail());
  }

  @Test
  void of_figuresMissingThoughTheWireIsSeen_isDifferent() {
    FileResult result = seen(single(Exchanges.unreadableAnswer()), called(refusal()), NOTHING);
    assertTrue(result.differs());
  }

  @Test
  void of_answerRefusedByClientButFiguresRecorded_areCompared() {
    FileResult result =
        compare(
            single(Exchanges.unreadableAnswer()),
            List.of(called(refusal())),
            event(Exchanges.STATED, "ERROR"));
    assertEquals(FileResult.Status.CLIENT_EXCEPTION, result.status());
    assertEquals(true, result.equal());
  }

  @Test
  void of_refusedAnswerThatStatesNoFigure_isEqualIfNothingIsRecorded() {
    ExchangeFile blocked =
        single(Exchanges.chat(200, "application/json", "{\"usage\":{}}", Figures.ZERO));
    assertEquals(true, seen(blocked, called(refusal()), NOTHING).equal());
    assertTrue(seen(blocked, called(null), event(Figures.NONE, "SUCCESS")).differs());
  }

  @Test
  void of_connectionFailed_isDifferent() {
    RuntimeException failure = refusal();
    failure.initCause(new ConnectException("refused"));
    assertTrue(compare(single(Exchanges.answer()), List.of(called(failure)), NOTHING).differs());
  }

  @Test
  void of_errorOutsideClients_isDifferent() {
    var ours = new IllegalStateException("a mistake of this program");
    assertTrue(compare(single(Exchanges.answer()), List.of(called(ours)), NOTHING).differs());
  }

  @Test
  void of_errorOfOurCodeWithinACallOfTheClient_isDifferent() {
    RuntimeException ours =
        thrownIn(
            "java.util.Objects",
            "io.github.usage4j.langchain4j.SomeHandler",
            "dev.langchain4j.model.some.Client");
    ExchangeFile file = single(Exchanges.answer());
    assertTrue(compare(file, List.of(called(ours)), NOTHING).differs());
    var counted = event(Exchanges.STATED, "ERROR");
    assertTrue(seen(file, called(ours), counted).differs());
    assertTrue(seen(file, called(wrapped(ours)), counted).differs());
  }

  @Test
  void of_errorOfOurCodeBelowTheClient_isDifferent() {
    RuntimeException ours =
        thrownIn(
            "com.fasterxml.jackson.databind.ObjectMapper",
            "io.github.usage4j.langchain4j.SomeMapper",
            "dev.langchain4j.model.some.Client");
    assertTrue(
        seen(single(Exchanges.answer()), called(ours), event(Exchanges.STATED, "ERROR")).differs());
  }

  @Test
  void of_errorOfAnAiServiceAboveTheClient_isDifferent() {
    RuntimeException other =
        thrownIn("dev.langchain4j.service.SomeHandler", "dev.langchain4j.model.some.Client");
    assertTrue(
        seen(single(Exchanges.answer()), called(other), event(Exchanges.STATED, "ERROR"))
            .differs());
  }

  @Test
  void of_errorThatJacksonThrowsToTheClient_isRefusedByClient() {
    RuntimeException refusal =
        thrownIn(
            "com.fasterxml.jackson.databind.ObjectMapper",
            "java.util.ArrayList",
            "dev.langchain4j.model.some.Client",
            "io.github.usage4j.langchain4j.SomeModel");
    FileResult result =
        seen(
            single(Exchanges.answer()), called(wrapped(refusal)), event(Exchanges.STATED, "ERROR"));
    assertEquals(FileResult.Status.CLIENT_EXCEPTION, result.status());
    assertEquals(true, result.equal());
  }

  @Test
  void of_errorOfProvider_isRecordedError() {
    FileResult result =
        compare(single(Exchanges.refusedByProvider()), List.of(called(refusal())), NOTHING);
    assertEquals(FileResult.Status.RECORDED_ERROR, result.status());
    assertEquals("status 400", result.reason());
    assertEquals(true, result.equal());
  }

  @Test
  void of_callWithoutEvent_isDifferent() {
    FileResult result = compare(single(Exchanges.refusedByProvider()), List.of(called(refusal())));
    assertTrue(result.differs());
    assertEquals("0 events recorded of 1 calls", result.detail());
  }

  @Test
  void of_requestBeyondRecording_isDifferent() {
    var played = new Played(List.of(called(null)), 1);
    var result =
        Comparison.of(
            single(Exchanges.answer()),
            FileResult.Mode.STEPS,
            Capture.PLAIN,
            played,
            List.of(RIGHT));
    assertTrue(result.differs());
  }

  @Test
  void of_stepSkippedAndOtherDifferent_isDifferent() {
    ExchangeFile file =
        Exchanges.file(
            "together",
            ExchangeFile.Kind.SEQUENCE,
            Exchanges.unreadableAnswer(),
            Exchanges.answer());
    var steps = List.of(called(refusal()), called(null));
    assertNull(compare(file, steps, NOTHING, RIGHT).equal());
    assertFalse(compare(file, steps, NOTHING, RIGHT).differs());
    assertTrue(compare(file, steps, NOTHING, event(Figures.ZERO, "SUCCESS")).differs());
  }

  @Test
  void of_droppedFieldOfGeminiEmbedding_isUsageNotExposed() {
    Figures stated = new Figures(4L, 0L, 4L, 0L, 0L, 0L);
    ExchangeFile file =
        Exchanges.file(
            "google",
            ExchangeFile.Kind.SINGLE,
            Exchanges.step("batchEmbedContents", 200, "application/json", "{}", stated));
    FileResult result = compare(file, List.of(called(null)), event(Figures.NONE, "SUCCESS"));
    assertEquals("usage-not-exposed", result.reason());
    assertTrue(String.valueOf(result.detail()).contains("usageMetadata.promptTokenCount"));
    assertTrue(compare(file, List.of(called(null)), event(Figures.ZERO, "SUCCESS")).differs());
  }

  @Test
  void of_embedding_hasNoOutput() {
    ExchangeFile file =
        Exchanges.file(
            "openai",
            ExchangeFile.Kind.SINGLE,
            Exchanges.step(
                "embeddings", 200, "application/json", "{}", new Figures(4L, 0L, 4L, 0L, 0L, 0L)));
    var event = event(new Figures(4L, null, 4L, null, null, null), "SUCCESS");
    assertEquals(true, compare(file, List.of(called(null)), event).equal());
  }

  @Test
  void of_unknownApi_isDifferent() {
    FileResult result =
        compare(single(Exchanges.answer()), List.of(new Played.Failed("no entry for it")));
    assertTrue(result.differs());
  }

  private static FileResult compare(
      ExchangeFile file, List<? extends Played.Step> steps, RecordedEvent... events) {
    return Comparison.of(
        file,
        FileResult.Mode.STEPS,
        Capture.PLAIN,
        new Played(List.copyOf(steps), 0),
        Arrays.asList(events));
  }

  /** With the wire in sight. */
  private static FileResult seen(ExchangeFile file, Played.Step step, RecordedEvent event) {
    return Comparison.of(
        file, FileResult.Mode.STEPS, Capture.WIRE, new Played(List.of(step), 0), List.of(event));
  }

  private static ExchangeFile single(ExchangeStep step) {
    return Exchanges.file("together", ExchangeFile.Kind.SINGLE, step);
  }

  private static Played.Called called(@Nullable Throwable error) {
    return new Played.Called(error);
  }

  private static RuntimeException refusal() {
    return thrownIn("dev.langchain4j.model.some.Client$Inner");
  }

  /** As a client's own exception, thrown where it calls what failed. */
  private static RuntimeException wrapped(RuntimeException cause) {
    RuntimeException wrapper = refusal();
    wrapper.initCause(cause);
    return wrapper;
  }

  /** An exception with these classes on the stack, from where it was thrown. */
  private static RuntimeException thrownIn(String... classes) {
    RuntimeException thrown = new IllegalStateException("cannot read it");
    thrown.setStackTrace(
        Arrays.stream(classes)
            .map(name -> new StackTraceElement(name, "parse", null, 1))
            .toArray(StackTraceElement[]::new));
    return thrown;
  }

  private static RecordedEvent event(Figures figures, String outcome) {
    return new RecordedEvent(
        "together", "small-1", figures, "REPORTED", outcome, RecordedEvent.Charges.NONE, false);
  }
}
