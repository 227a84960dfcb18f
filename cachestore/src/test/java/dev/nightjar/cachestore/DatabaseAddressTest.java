package dev.nightjar.cachestore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DatabaseAddressTest {
  @Test
  void aLibpqUrlIsUnderstood() {
    DatabaseAddress address = DatabaseAddress.parse("postgresql://ana@db.example:6543/nights");
    assertThat(address.jdbcUrl()).isEqualTo("jdbc:postgresql://db.example:6543/nights");
    assertThat(address.user()).isEqualTo("ana");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "postgresql://ana:secret@db/nights",
        "jdbc:postgresql://db/nights?user=a&password=secret"
      })
  void aPasswordInTheUrlIsRefusedAndNotRepeated(String url) {
    assertThatThrownBy(() -> DatabaseAddress.parse(url))
        .hasMessageStartingWith("OPTION_INVALID: --database")
        .hasMessageContaining("PGPASSWORD")
        .hasMessageNotContaining("secret");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "nonsense", "mysql://db/x", "postgresql:///x", "post gres://x"})
  void anythingElseIsRefusedInOneLine(String url) {
    assertThatThrownBy(() -> DatabaseAddress.parse(url))
        .hasMessageStartingWith("OPTION_INVALID: --database")
        .hasMessageNotContaining("\n");
  }
}
