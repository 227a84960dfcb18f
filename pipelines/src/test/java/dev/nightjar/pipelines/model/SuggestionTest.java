package dev.nightjar.pipelines.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SuggestionTest {
  private static final List<String> KNOWN =
      List.of("body", "subject", "--corpus", "status", "near_duplicates");

  @ParameterizedTest
  @CsvSource({
    "Bodyy, body",
    "bdoy, body",
    "BODY, body",
    "--corpous, --corpus",
    "statsu, status",
    "near_duplicatse, near_duplicates"
  })
  void aNameThatIsNearIsProposed(String written, String meant) {
    assertThat(Suggestion.nearest(written, KNOWN)).contains(meant);
    assertThat(Suggestion.among(written, KNOWN)).isEqualTo("; did you mean '" + meant + "'?");
  }

  @ParameterizedTest
  @CsvSource({"message", "id", "x", "' '"})
  void aNameThatIsFarIsNot(String written) {
    assertThat(Suggestion.among(written, KNOWN)).isEmpty();
  }
}
