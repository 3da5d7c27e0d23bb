package io.github.usage4j.backfill;

import static java.util.Map.entry;

import java.util.List;
import java.util.Map;

/**
 * Under which names other systems keep what an event has, best first: those of OpenAI, Anthropic,
 * LiteLLM's logs and OpenTelemetry's {@code gen_ai} attributes. Case, underscores and hyphens do
 * not matter, so {@code prompt_tokens} is also {@code promptTokens}; a dot steps into an object.
 * Each is also looked for inside the objects of {@link #INSIDE}.
 */
final class FieldNames {

  /** Objects that records are wrapped in; what stands outside comes first. */
  static final List<String> INSIDE =
      List.of(
          "",
          "attributes.",
          "response.",
          "response.body.",
          "body.",
          "message.",
          "payload.",
          "log.",
          // Results of Anthropic's batches, and of Bedrock's.
          "result.message.",
          "modelOutput.",
          // What an agent inside of Claude Code did.
          "data.message.",
          "data.message.message.");

  /** Objects that hold the counts, inside any of those. */
  static final List<String> USAGE = List.of("", "usage.", "token_usage.", "gen_ai.usage.");

  /** Properties that are read by {@link RecordMapper}, by the word it uses. */
  static final Map<String, List<String>> NAMES =
      Map.ofEntries(
          entry(
              "id",
              List.of(
                  "event_id",
                  "call_id",
                  "id",
                  "request_id",
                  "litellm_call_id",
                  "custom_id",
                  "response_id",
                  "gen_ai.response.id")),
          entry("trace", List.of("trace_id", "context.trace_id")),
          entry("span", List.of("span_id", "context.span_id")),
          entry("responseId", List.of("response_id", "gen_ai.response.id")),
          entry(
              "start",
              List.of(
                  "occurred_at",
                  "started_at",
                  "start_time",
                  "start_time_unix_nano",
                  "timestamp",
                  "created_at",
                  "created",
                  "time",
                  "@timestamp")),
          entry("end", List.of("ended_at", "end_time", "end_time_unix_nano", "completed_at")),
          entry("millis", List.of("duration_ms", "latency_ms", "response_time_ms")),
          entry("firstTokenAt", List.of("completion_start_time", "first_token_at")),
          entry("firstTokenMillis", List.of("time_to_first_token_ms", "ttft_ms")),
          entry(
              "provider",
              List.of(
                  "provider",
                  "provider_name",
                  "custom_llm_provider",
                  "gen_ai.provider.name",
                  "gen_ai.system")),
          entry(
              "requestModel",
              List.of("request_model", "gen_ai.request.model", "model", "model_name")),
          entry(
              "responseModel", List.of("response_model", "gen_ai.response.model", "model_version")),
          entry("kind", List.of("kind", "call_type")),
          entry("operationName", List.of("gen_ai.operation.name")),
          entry("object", List.of("object")),
          entry("streaming", List.of("streaming", "stream")),
          entry(
              "serviceTier",
              List.of(
                  "service_tier",
                  "openai.response.service_tier",
                  "gen_ai.openai.response.service_tier")),
          entry("credential", List.of("credential_id")),
          entry("operation", List.of("operation_id")),
          entry("step", List.of("step")),
          entry("outcome", List.of("outcome", "status", "status.code", "status.status_code")),
          entry("errorType", List.of("error_type", "error.type")),
          entry(
              "finish",
              List.of(
                  "finish_reason",
                  "stop_reason",
                  "done_reason",
                  "choices.0.finish_reason",
                  "candidates.0.finish_reason",
                  "gen_ai.response.finish_reasons.0")),
          entry(
              "organization",
              List.of(
                  "organization", "organization_id", "org_id", "tenant", "tenant_id", "team_id")),
          entry("user", List.of("user", "user_id", "user.id", "enduser.id")),
          entry("userLabel", List.of("user_label", "user_email", "user.email")),
          entry("customer", List.of("customer", "customer_id", "end_user")),
          entry(
              "session",
              List.of("session", "session_id", "conversation_id", "gen_ai.conversation.id")),
          entry("category", List.of("category", "feature", "request_type")),
          entry("cost", List.of("cost", "spend", "response_cost", "total_cost", "cost_usd")),
          entry("currency", List.of("currency", "cost_currency")));

  /** Counts, in each of {@link #USAGE}. */
  static final Map<String, List<String>> COUNTS =
      Map.ofEntries(
          // Input with everything that was cached, wherever this name is used.
          entry("prompt", List.of("prompt_tokens")),
          // Input without it where Anthropic's two names stand beside it, else with it.
          entry("input", List.of("input_tokens")),
          entry("output", List.of("completion_tokens", "output_tokens")),
          // Of both, where it says more than they do.
          entry("total", List.of("total_tokens")),
          entry("anthropicRead", List.of("cache_read_input_tokens")),
          entry("anthropicWrite", List.of("cache_creation_input_tokens")),
          entry(
              "cacheRead",
              List.of(
                  "prompt_tokens_details.cached_tokens",
                  "input_tokens_details.cached_tokens",
                  "cache_read.input_tokens",
                  "cache_read_tokens",
                  "cached_input_tokens",
                  "cached_tokens",
                  "prompt_cache_hit_tokens")),
          entry(
              "cacheWrite",
              List.of(
                  "prompt_tokens_details.cache_creation_tokens",
                  "cache_creation.input_tokens",
                  "cache_write_tokens")),
          entry(
              "oneHour",
              List.of("cache_creation.ephemeral_1h_input_tokens", "cache_write_one_hour_tokens")),
          entry(
              "reasoning",
              List.of(
                  "completion_tokens_details.reasoning_tokens",
                  "output_tokens_details.reasoning_tokens",
                  "reasoning.output_tokens",
                  "reasoning_tokens")),
          entry("inputAudio", List.of("prompt_tokens_details.audio_tokens", "input_audio_tokens")),
          entry(
              "outputAudio",
              List.of("completion_tokens_details.audio_tokens", "output_audio_tokens")));

  private FieldNames() {}
}
