package dev.langchain4j.model.openaiofficial;

import dev.langchain4j.model.output.TokenUsage;

/** Stands in for the class of that name, whose jar brings an SDK that no test here needs. */
public final class OpenAiOfficialTokenUsage extends TokenUsage {

  /** A detail as that class states it. */
  public record InputTokensDetails(Integer cachedTokens) {}

  public OpenAiOfficialTokenUsage(int input, int output) {
    super(input, output);
  }

  public InputTokensDetails inputTokensDetails() {
    return new InputTokensDetails(4);
  }

  // no outputTokensDetails: another version
}
