package dev.nightjar.pipelines.submit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class StreamedAnswerTest {
  private static JsonNode read(StreamedAnswer answer, String events) throws IOException {
    return answer.read(new ByteArrayInputStream(events.getBytes(StandardCharsets.UTF_8)));
  }

  private static final String CHUNKS =
      """
      : a comment, as keeps a connection alive

      data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"gpt-6-luna","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],"usage":null}

      data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"gpt-6-luna","choices":[{"index":0,"delta":{"content":"{\\"a\\": \\"😀"},"finish_reason":null}],"usage":null}

      data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"gpt-6-luna","choices":[{"index":0,"delta":{"content":"\\"}"},"finish_reason":null}],"usage":null}

      data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"gpt-6-luna","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":null}

      data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"gpt-6-luna","choices":[],"usage":{"prompt_tokens":7,"completion_tokens":3}}

      data: [DONE]

      """;

  @Test
  void chunksOfACompletionAreTheCompletion() throws IOException {
    JsonNode body = read(StreamedAnswer.chat(), CHUNKS);
    assertThat(body.at("/choices/0/message/content").asText()).isEqualTo("{\"a\": \"😀\"}");
    assertThat(body.at("/choices/0/finish_reason").asText()).isEqualTo("stop");
    assertThat(body.at("/usage/prompt_tokens").asInt()).isEqualTo(7);
    assertThat(body.path("model").asText()).isEqualTo("gpt-6-luna");
  }

  @Test
  void aStreamWithoutItsEndIsNoAnswer() {
    assertThatThrownBy(
            () -> read(StreamedAnswer.chat(), CHUNKS.substring(0, CHUNKS.indexOf("\"stop\"") - 40)))
        .hasMessage("the stream broke off");
  }

  @Test
  void anErrorInTheMiddleIsNoAnswer() {
    assertThatThrownBy(
            () ->
                read(
                    StreamedAnswer.message(),
                    """
                    event: message_start
                    data: {"type":"message_start","message":{"id":"m","content":[],"usage":{"input_tokens":5,"output_tokens":1}}}

                    event: error
                    data: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}

                    """))
        .hasMessage("the stream ended in an error");
  }

  @Test
  void eventsOfAMessageAreTheMessage() throws IOException {
    JsonNode body =
        read(
            StreamedAnswer.message(),
            """
            event: message_start
            data: {"type":"message_start","message":{"id":"m","type":"message","model":"claude","content":[],"stop_reason":null,"usage":{"input_tokens":5,"cache_read_input_tokens":2,"output_tokens":1}}}

            event: content_block_start
            data: {"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t","name":"answer","input":{}}}

            event: ping
            data: {"type":"ping"}

            event: content_block_delta
            data: {"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{\\"a\\": "}}

            event: content_block_delta
            data: {"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"1}"}}

            event: content_block_stop
            data: {"type":"content_block_stop","index":0}

            event: message_delta
            data: {"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"output_tokens":9}}

            event: message_stop
            data: {"type":"message_stop"}

            """);
    assertThat(body.at("/content/0/input/a").asInt()).isEqualTo(1);
    assertThat(body.path("stop_reason").asText()).isEqualTo("tool_use");
    assertThat(body.at("/usage/input_tokens").asInt()).isEqualTo(5);
    assertThat(body.at("/usage/cache_read_input_tokens").asInt()).isEqualTo(2);
    assertThat(body.at("/usage/output_tokens").asInt()).isEqualTo(9);
  }

  @Test
  void chunksOfContentAreTheContentWithoutItsThoughts() throws IOException {
    JsonNode body =
        read(
            StreamedAnswer.content(),
            "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"hm\",\"thought\":true},{\"text\":\"a\"}]}}]}\r\n\r\n"
                + "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"b\"}]},\"finishReason\":\"STOP\"}],"
                + "\"usageMetadata\":{\"promptTokenCount\":4}}\r\n\r\n");
    assertThat(body.at("/candidates/0/content/parts/0/text").asText()).isEqualTo("ab");
    assertThat(body.at("/usageMetadata/promptTokenCount").asInt()).isEqualTo(4);
    assertThat(
            read(
                    StreamedAnswer.content(),
                    "data: {\"promptFeedback\":{\"blockReason\":\"SAFETY\"}}\r\n\r\n")
                .at("/promptFeedback/blockReason")
                .asText())
        .isEqualTo("SAFETY");
  }
}
