package dev.nightjar.pipelines.submit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nightjar.cachestore.Price;
import dev.nightjar.cachestore.PriceFile;
import dev.nightjar.emulator.Emulator;
import dev.nightjar.pipelines.model.Provider;
import java.io.StringReader;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProviderCheckTest {
  private static final String KEY = "the-key";

  @TempDir Path home;

  /** What a check came to. */
  private record Checked(List<ProviderCheck.Rule> rules, BigDecimal spent, BigDecimal invoice) {
    List<String> names(ProviderCheck.Verdict verdict) {
      return rules.stream()
          .filter(rule -> rule.verdict() == verdict)
          .map(ProviderCheck.Rule::name)
          .toList();
    }
  }

  private Checked check(
      Provider provider, String model, String budget, UnaryOperator<Emulator.Builder> emulated)
      throws Exception {
    Price price =
        PriceFile.read(
                "test",
                new StringReader(
                    "provider,model,effective_from,input_tokens_above,input_usd,cached_input_usd,cache_write_usd,"
                        + "cache_write_long_usd,output_usd,source\n"
                        + provider.label()
                        + ","
                        + model
                        + ",2026-01-01T00:00:00Z,0,5,0.5,6.25,10,25,test\n"))
            .get(0);
    try (Emulator emulator =
        emulated
            .apply(
                Emulator.in(home.resolve("emulator"))
                    .speed(100)
                    .answers(question -> "{\"topic\":\"" + "harvest ".repeat(40) + "\"}"))
            .start()) {
      ProviderSettings settings =
          new ProviderSettings(
              Map.of(provider, emulator.uri().toString()), null, ProviderSettings.Patience.DEFAULT);
      List<ProviderCheck.Rule> told = new ArrayList<>();
      try (ProviderClients clients =
          ProviderClients.open(settings, Map.of(provider.keyVariable(), KEY))) {
        ProviderCheck check =
            new ProviderCheck(
                new ProviderCheck.Subject(provider, model, "chat", "schema"),
                settings,
                clients,
                price,
                BigDecimal.ONE,
                new BigDecimal(budget),
                Clock.systemUTC());
        List<ProviderCheck.Rule> rules = check.run(told::add);
        assertThat(told).isEqualTo(rules);
        return new Checked(rules, check.spent(), emulator.invoice().total());
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"OPENAI, gpt-6.2-sol", "ANTHROPIC, claude-opus-5-5", "GEMINI, gemini-4-neon"})
  void allRulesHoldAndTheBudgetIsKept(Provider provider, String model) throws Exception {
    Checked checked = check(provider, model, "1", builder -> builder.apiKey(KEY));
    assertThat(checked.names(ProviderCheck.Verdict.BROKEN)).as("%s", checked).isEmpty();
    assertThat(checked.names(ProviderCheck.Verdict.SKIPPED)).isEmpty();
    assertThat(checked.names(ProviderCheck.Verdict.HOLDS))
        .hasSizeGreaterThan(18)
        .anyMatch(rule -> rule.endsWith("is refused") && rule.startsWith("effort"));
    assertThat(checked.spent()).isLessThanOrEqualTo(BigDecimal.ONE);
  }

  @Test
  void whatWouldPassTheBudgetIsSkippedAndNotAsked() throws Exception {
    Checked checked =
        check(Provider.ANTHROPIC, "claude-opus-5-5", "0", builder -> builder.apiKey(KEY));
    assertThat(checked.names(ProviderCheck.Verdict.SKIPPED)).hasSizeGreaterThan(10);
    assertThat(checked.spent()).isZero();
    assertThat(checked.invoice()).isZero();
  }

  @Test
  void aRuleThatIsNotKeptIsBroken() throws Exception {
    Checked checked =
        check(Provider.OPENAI, "gpt-6-luna", "1", builder -> builder); // takes any key
    assertThat(checked.names(ProviderCheck.Verdict.BROKEN))
        .containsExactly("a key that is none is refused");
  }
}
