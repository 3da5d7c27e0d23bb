package dev.langchain4j.model.google.genai;

import dev.langchain4j.model.output.TokenUsage;

/** Stands in for the class of that name, whose jar brings an SDK that no test here needs. */
public class GoogleGenAiTokenUsage extends TokenUsage {

  private final Integer cached;
  private final Integer thoughts;
  private final Integer toolUse;

  public GoogleGenAiTokenUsage(
      Integer input,
      Integer output,
      Integer total,
      Integer cached,
      Integer thoughts,
      Integer toolUse) {
    super(input, output, total);
    this.cached = cached;
    this.thoughts = thoughts;
    this.toolUse = toolUse;
  }

  public Integer cachedContentTokenCount() {
    return cached;
  }

  public Integer thoughtsTokenCount() {
    return thoughts;
  }

  public Integer toolUsePromptTokenCount() {
    return toolUse;
  }
}
