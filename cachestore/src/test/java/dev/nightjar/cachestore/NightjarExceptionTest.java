package dev.nightjar.cachestore;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.SQLException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NightjarExceptionTest {
  @ParameterizedTest
  @CsvSource({
    "53100, could not extend file: No space left on device",
    "57P01, terminating connection due to administrator command",
    "08006, An I/O error occurred while sending to the backend",
    "58030, could not write to file"
  })
  void whatTheServerCannotHelpIsOneLineWithTheNextStep(String state, String message) {
    NightjarException known =
        NightjarException.in(
            new IllegalStateException(
                "a runner's", new RuntimeException(new SQLException(message, state))));
    assertThat(known).isNotNull();
    assertThat(known.code()).isEqualTo(ErrorCode.DATABASE_FAILED);
    assertThat(known)
        .hasMessage(
            "DATABASE_FAILED: the database: "
                + message
                + "; see to the server, then run the same command again: nothing is lost");
  }

  @Test
  void aStatementThatIsWrongIsOurDefectAndKeepsItsTrace() {
    assertThat(NightjarException.in(new RuntimeException(new SQLException("no", "42601"))))
        .isNull();
  }

  @Test
  void whatWeSaidOurselvesComesFirst() {
    NightjarException ours =
        new NightjarException(
            ErrorCode.DATABASE_UNREACHABLE, "x", "y", "z", new SQLException("refused", "08001"));
    assertThat(NightjarException.in(new RuntimeException(ours))).isSameAs(ours);
  }
}
