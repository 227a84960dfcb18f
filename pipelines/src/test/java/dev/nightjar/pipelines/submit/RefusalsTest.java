package dev.nightjar.pipelines.submit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nightjar.cachestore.ErrorCode;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RefusalsTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          400 | invalid_request_error | Invalid schema for response_format                                        | REQUEST_INVALID
          400 | BadRequestError       | This model's maximum context length is 8192 tokens. However, you requested | REQUEST_TOO_LONG
          0   | invalid_request_error | prompt is too long: 210000 tokens > 200000 maximum                        | REQUEST_TOO_LONG
          0   | invalid_request_error | max_tokens: Field required                                                | REQUEST_INVALID
          0   | INVALID_ARGUMENT      | The input token count (2) exceeds the maximum number of tokens allowed (1) | REQUEST_TOO_LONG
          413 | request_too_large     | Request exceeds the maximum size                                          | REQUEST_TOO_LONG
          422 | unprocessable         | x                                                                         | REQUEST_INVALID
          0   | invalid_request_error | Your credit balance is too low                                            | REQUEST_ERRORED
          0   | overloaded_error      | Overloaded                                                                | REQUEST_ERRORED
          429 | rate_limit_exceeded   | maximum context length                                                    | REQUEST_ERRORED
          500 | server_error          | x                                                                         | REQUEST_ERRORED
          0   | RESOURCE_EXHAUSTED    | x                                                                         | REQUEST_ERRORED
          """)
  void whatWouldBeRefusedAgainIsToldFromWhatMayPass(
      int status, String type, String message, ErrorCode expected) {
    assertThat(Refusals.codeOf(status, type, message)).isEqualTo(expected);
  }

  /** What a provider will not delete, because it is at work or for its form, is still there. */
  @ParameterizedTest
  @CsvSource({
    "404,true",
    "410,true",
    "400,false",
    "403,false",
    "409,false",
    "422,false",
    "500,false"
  })
  void onlyWhatIsNotFoundIsGone(int status, boolean isGone) {
    assertThat(ProviderException.ofStatus("openai", status, "", Optional.empty(), null).isGone())
        .isEqualTo(isGone);
  }
}
