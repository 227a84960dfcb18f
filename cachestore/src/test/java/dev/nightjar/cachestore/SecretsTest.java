package dev.nightjar.cachestore;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SecretsTest {
  private final Secrets secrets =
      new Secrets(
          Map.of(
              "OPENAI_API_KEY", "sk-abcdefgh+1234/x\r",
              "PGPASSWORD", "p@ss word two",
              "SOME_TOKEN", "short",
              "HOME", "/home/somebody"));

  @Test
  void aSecretIsTakenOutHoweverItIsWritten() {
    String key = "sk-abcdefgh+1234/x";
    for (String written :
        java.util.List.of(
            key,
            key + "\r",
            key + "\\r",
            "Bearer " + key,
            URLEncoder.encode(key, StandardCharsets.UTF_8),
            Base64.getEncoder().encodeToString(key.getBytes(StandardCharsets.UTF_8)),
            "p@ss word two")) {
      assertThat(secrets.redacted("Unexpected char 0x0d in value: " + written + ", at 4"))
          .doesNotContain(key)
          .doesNotContain("p@ss")
          .startsWith("Unexpected char 0x0d in value: ")
          .contains("[redacted]")
          .endsWith(", at 4");
    }
  }

  @Test
  void whatIsNoSecretStays() {
    assertThat(secrets.redacted("a short text of /home/somebody"))
        .isEqualTo("a short text of /home/somebody");
  }
}
