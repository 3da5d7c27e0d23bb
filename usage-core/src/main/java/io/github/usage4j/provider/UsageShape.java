package io.github.usage4j.provider;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.internal.DecimalBounds;
import org.jspecify.annotations.Nullable;

/**
 * The shapes in which providers state usage, told apart by their keys: an OpenAI-compatible service
 * may be anybody's. This is the one place where a raw figure gets its meaning.
 */
enum UsageShape {
  /** Chat completions and embeddings of OpenAI and of everybody compatible with it. */
  COMPLETIONS {
    @Override
    void read(Usage u, Figures to) {
      to.input(u.count("prompt_tokens"))
          .output(u.count("completion_tokens"))
          .cacheRead(
              u.first(
                  u.count("prompt_tokens_details", "cached_tokens"),
                  u.count("prompt_cache_hit_tokens"),
                  u.count("num_cached_tokens"),
                  u.count("cached_tokens"),
                  u.count("cache_read_input_tokens")))
          .cacheWrite(
              u.first(u.count("prompt_tokens_details", "cache_write_tokens"), u.cacheWrites()))
          .cacheWriteOneHour(u.cacheWritesOneHour())
          .reasoning(
              u.first(
                  u.count("completion_tokens_details", "reasoning_tokens"),
                  u.count("reasoning_tokens")))
          .audio(
              u.count("prompt_tokens_details", "audio_tokens"),
              u.count("completion_tokens_details", "audio_tokens"))
          .cacheReadAudio(u.cachedAudio("prompt_tokens_details"));
      if (hasAny(u.node(), "citation_tokens", "num_search_queries")) {
        to.outputWithoutReasoning(u.count("completion_tokens")); // Perplexity's deep research
      }
      to.totalWithReasoning(u.count("total_tokens"));
    }
  },
  /** OpenAI's Responses and, with details by another name, its transcriptions. */
  RESPONSES {
    @Override
    void read(Usage u, Figures to) {
      to.input(u.count("input_tokens"))
          .output(u.count("output_tokens"))
          .cacheRead(u.detail("input", "cached_tokens"))
          .cacheWrite(u.detail("input", "cache_write_tokens"))
          .reasoning(u.detail("output", "reasoning_tokens"))
          .audio(u.detail("input", "audio_tokens"), u.detail("output", "audio_tokens"))
          .cacheReadAudio(
              u.first(u.cachedAudio("input_tokens_details"), u.cachedAudio("input_token_details")));
    }
  },
  /** Anthropic's Messages: input is stated apart from cache reads and writes. */
  MESSAGES {
    @Override
    void read(Usage u, Figures to) {
      to.cacheRead(u.count("cache_read_input_tokens"))
          .cacheWrite(u.cacheWrites())
          .cacheWriteOneHour(u.cacheWritesOneHour())
          .inputWithoutCache(u.count("input_tokens"))
          .output(u.count("output_tokens"))
          .reasoning(u.count("output_tokens_details", "thinking_tokens"));
    }
  },
  /** Gemini and Vertex: output is stated apart from thoughts. */
  GEMINI {
    @Override
    void read(Usage u, Figures to) {
      to.reasoning(u.count("thoughtsTokenCount"))
          .outputWithoutReasoning(u.count("candidatesTokenCount"))
          .input(sum(u.count("promptTokenCount"), u.count("toolUsePromptTokenCount")))
          .cacheRead(u.count("cachedContentTokenCount"))
          .audio(
              sum(u.audio("promptTokensDetails"), u.audio("toolUsePromptTokensDetails")),
              u.audio("candidatesTokensDetails"))
          .cacheReadAudio(u.audio("cacheTokensDetails"))
          .totalWithInput(u.count("totalTokenCount"));
    }
  },
  /** Bedrock's Converse and the Nova models: input is stated apart from cache reads and writes. */
  CONVERSE {
    @Override
    void read(Usage u, Figures to) {
      to.cacheRead(u.first(u.count("cacheReadInputTokens"), u.count("cacheReadInputTokenCount")))
          .cacheWrite(
              u.first(u.count("cacheWriteInputTokens"), u.count("cacheWriteInputTokenCount")))
          .cacheWriteOneHour(u.oneHour("cacheDetails"))
          .inputWithoutCache(u.count("inputTokens"))
          .output(u.count("outputTokens"));
    }
  },
  /** What Bedrock itself counted of a model's call: input is stated apart from the cache's. */
  INVOCATION {
    @Override
    void read(Usage u, Figures to) {
      to.cacheRead(u.count("cacheReadInputTokenCount"))
          .cacheWrite(u.count("cacheWriteInputTokenCount"))
          .inputWithoutCache(u.count("inputTokenCount"))
          .output(u.count("outputTokenCount"));
    }
  },
  /** Llama on Bedrock. */
  LLAMA {
    @Override
    void read(Usage u, Figures to) {
      to.input(u.count("prompt_token_count")).output(u.count("generation_token_count"));
    }
  },
  /** Titan on Bedrock, texts and embeddings. */
  TITAN {
    @Override
    void read(Usage u, Figures to) {
      to.input(u.count("inputTextTokenCount")).output(u.count("totalOutputTextTokenCount"));
    }
  },
  /** Ollama's own API, which omits the prompt if all of it was cached. */
  OLLAMA {
    @Override
    void read(Usage u, Figures to) {
      to.input(u.count("prompt_eval_count")).output(u.count("eval_count"));
    }
  },
  /** Cohere, which states what it counted and what it bills. */
  COHERE {
    @Override
    void read(Usage u, Figures to) {
      to.input(u.first(u.count("tokens", "input_tokens"), u.count("billed_units", "input_tokens")))
          .output(
              u.first(u.count("tokens", "output_tokens"), u.count("billed_units", "output_tokens")))
          .cacheRead(u.count("cached_tokens"));
    }
  },
  /** A service that states nothing but a total, for calls that have input only. */
  TOTAL_ONLY {
    @Override
    void read(Usage u, Figures to) {
      to.input(u.count("total_tokens"));
    }
  };

  abstract void read(Usage usage, Figures to);

  /** The shape of a usage object; null if it is none that is known. */
  static @Nullable UsageShape of(JsonNode usage) {
    if (hasAny(usage, "promptTokenCount", "candidatesTokenCount", "totalTokenCount")) {
      return GEMINI;
    }
    if (hasAny(usage, "prompt_tokens", "completion_tokens")) {
      return COMPLETIONS;
    }
    if (hasAny(usage, "input_tokens", "output_tokens")) {
      boolean anthropic =
          hasAny(usage, "cache_creation_input_tokens", "cache_read_input_tokens", "cache_creation");
      return !anthropic
              && hasAny(usage, "total_tokens", "input_tokens_details", "input_token_details")
          ? RESPONSES
          : MESSAGES;
    }
    if (hasAny(usage, "inputTokens", "outputTokens")) {
      return CONVERSE;
    }
    if (hasAny(usage, "inputTokenCount", "outputTokenCount")) {
      return INVOCATION;
    }
    if (hasAny(usage, "prompt_token_count", "generation_token_count")) {
      return LLAMA;
    }
    if (hasAny(usage, "inputTextTokenCount", "totalOutputTextTokenCount")) {
      return TITAN;
    }
    if (hasAny(usage, "prompt_eval_count", "eval_count")) {
      return OLLAMA;
    }
    if (hasAny(usage, "tokens", "billed_units")) {
      return COHERE;
    }
    return hasAny(usage, "total_tokens") ? TOTAL_ONLY : null;
  }

  private static boolean hasAny(JsonNode usage, String... keys) {
    for (String key : keys) {
      if (usage.has(key)) {
        return true;
      }
    }
    return false;
  }

  static @Nullable Long sum(@Nullable Long a, @Nullable Long b) {
    if (a == null) {
      return b;
    }
    return b == null ? a : Long.valueOf(a + b);
  }

  /** Reads counts of one usage object; what is no count goes to the figures as dropped. */
  record Usage(JsonNode node, Figures figures) {

    @Nullable Long count(String key) {
      return count(node.get(key));
    }

    @Nullable Long count(String parent, String key) {
      JsonNode inner = node.get(parent);
      return inner == null ? null : count(inner.get(key));
    }

    /** Anthropic's cache writes; gateways hand them on beside OpenAI's names. */
    @Nullable Long cacheWrites() {
      Long fiveMinutes = count("cache_creation", "ephemeral_5m_input_tokens");
      return first(count("cache_creation_input_tokens"), sum(fiveMinutes, cacheWritesOneHour()));
    }

    @Nullable Long cacheWritesOneHour() {
      return count("cache_creation", "ephemeral_1h_input_tokens");
    }

    @Nullable Long detail(String whole, String key) {
      return first(count(whole + "_tokens_details", key), count(whole + "_token_details", key));
    }

    /** The audio part of what was cached. */
    @Nullable Long cachedAudio(String details) {
      JsonNode inner = node.path(details).get("cached_tokens_details");
      return inner == null ? null : count(inner.get("audio_tokens"));
    }

    /** The audio part of a list of modalities, in which one may be there several times. */
    @Nullable Long audio(String key) {
      JsonNode parts = node.get(key);
      Long tokens = null;
      if (parts != null) {
        for (JsonNode part : parts) {
          if ("AUDIO".equals(part.path("modality").asText())) {
            tokens = sum(tokens, count(part.get("tokenCount")));
          }
        }
      }
      return tokens;
    }

    /** The part of a list of cache writes that is kept for one hour. */
    @Nullable Long oneHour(String key) {
      JsonNode parts = node.get(key);
      Long tokens = null;
      if (parts != null) {
        for (JsonNode part : parts) {
          if ("1h".equals(part.path("ttl").asText())) {
            tokens = sum(tokens, count(part.get("inputTokens")));
          }
        }
      }
      return tokens;
    }

    @Nullable Long first(@Nullable Long... candidates) {
      for (Long candidate : candidates) {
        if (candidate != null) {
          return candidate;
        }
      }
      return null;
    }

    private @Nullable Long count(@Nullable JsonNode value) {
      if (value == null || value.isNull()) {
        return null;
      }
      Long count = DecimalBounds.wholeNumber(value);
      if (count != null && count >= 0 && count <= UsageEvent.MAX_TOKENS) {
        return count;
      }
      figures.drop();
      return null;
    }
  }
}
