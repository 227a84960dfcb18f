package dev.nightjar.pipelines.submit;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.Usage;
import java.io.IOException;
import java.time.Instant;
import org.junit.jupiter.api.Test;

/** Classes of tokens exclude one another, whatever a provider's own convention is. */
class UsageTest {
  private static final Instant AT = Instant.parse("2026-11-24T00:00:00Z");

  private static JsonNode json(String text) throws IOException {
    return new ObjectMapper().readTree(text);
  }

  @Test
  void openAiCountsReasoningAndCachedTokensInsideTheirTotals() throws IOException {
    assertThat(
            OpenAiFormat.resultLine(
                    "openai",
                    "sub",
                    json(
                        """
                        {"custom_id": "c", "response": {"status_code": 200, "body": {
                          "choices": [{"finish_reason": "stop", "message": {"content": "{}"}}],
                          "usage": {"prompt_tokens": 100, "completion_tokens": 50,
                            "prompt_tokens_details": {"cached_tokens": 20, "cache_write_tokens": 30},
                            "completion_tokens_details": {"reasoning_tokens": 40}}}}}
                        """),
                    AT)
                .usage())
        .isEqualTo(new Usage(50, 20, 30, 0, 10, 40));
  }

  @Test
  void geminiCountsThoughtsBesideTheAnswer() throws IOException {
    assertThat(
            GeminiClient.resultLine(
                    "sub",
                    json(
                        """
                        {"key": "c", "response": {
                          "candidates": [{"content": {"parts": [{"text": "{}"}]}}],
                          "usageMetadata": {"promptTokenCount": 100, "cachedContentTokenCount": 20,
                            "candidatesTokenCount": 10, "thoughtsTokenCount": 40}}}
                        """),
                    AT)
                .usage())
        .isEqualTo(new Usage(80, 20, 0, 0, 10, 40));
  }

  @Test
  void geminiNamesErrorsOfAnOperationByNumber() throws IOException {
    assertThat(
            GeminiClient.resultLine(
                    "sub",
                    json("{\"key\": \"c\", \"error\": {\"code\": 4, \"message\": \"late\"}}"),
                    AT)
                .error())
        .contains(ErrorCode.REQUEST_EXPIRED);
    assertThat(
            GeminiClient.resultLine("sub", json("{\"key\": \"c\", \"error\": {\"code\": 1}}"), AT)
                .error())
        .contains(ErrorCode.SUBMISSION_CANCELLED);
  }
}
