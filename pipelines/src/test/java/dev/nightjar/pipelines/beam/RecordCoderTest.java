package dev.nightjar.pipelines.beam;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nightjar.cachestore.AttemptMode;
import dev.nightjar.cachestore.AttemptPlan;
import dev.nightjar.cachestore.EmbeddedText;
import dev.nightjar.cachestore.Embedding;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.Outcome;
import dev.nightjar.cachestore.Usage;
import dev.nightjar.pipelines.model.Candidate;
import dev.nightjar.pipelines.model.Document;
import dev.nightjar.pipelines.model.EmbeddedCandidate;
import dev.nightjar.pipelines.model.SubmissionOutcome;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.beam.sdk.util.CoderUtils;
import org.apache.beam.sdk.util.SerializableUtils;
import org.junit.jupiter.api.Test;

class RecordCoderTest {
  @Test
  void nestedRecordsOptionalsEnumsTimesAndVectorsSurviveTheRoundTrip() throws Exception {
    Document document = new Document("id", "text \uD83D\uDE00", Map.of("a", "1"), 2.5, "file", 7);
    EmbeddedCandidate candidate =
        new EmbeddedCandidate(
            new Candidate("key", document, 12),
            Optional.of(new EmbeddedText(Optional.of(Embedding.of(new float[] {0.25f, -1f})), 1)));
    assertThat(CoderUtils.clone(RecordCoder.of(EmbeddedCandidate.class), candidate))
        .isEqualTo(candidate);

    SubmissionOutcome outcome =
        new SubmissionOutcome(
            "sub",
            new Outcome(
                "c",
                Outcome.Kind.REJECTED,
                new Usage(1, 2, 3, 4, 5, 6),
                Instant.parse("2026-11-24T01:02:03.456789Z"),
                Optional.empty(),
                Optional.of(ErrorCode.ANSWER_INVALID),
                "why",
                Optional.of(
                    new AttemptPlan(
                        "c2",
                        "k",
                        2,
                        "t",
                        "p",
                        "m",
                        AttemptMode.ONLINE,
                        "prompt",
                        1,
                        2,
                        3,
                        0.5,
                        List.of(
                            new AttemptPlan.Alternative(
                                "s", "p", "m2", AttemptMode.BATCH, 4, 5))))));
    assertThat(CoderUtils.clone(RecordCoder.of(SubmissionOutcome.class), outcome))
        .isEqualTo(outcome);
  }

  @Test
  void theCoderItselfTravels() {
    RecordCoder<Document> coder = RecordCoder.of(Document.class);
    assertThat(SerializableUtils.clone(coder)).isEqualTo(coder);
  }

  private record Unsupported(Thread thread) {}

  @Test
  void aComponentThatCannotBeEncodedIsRefusedWhenTheCoderIsMade() {
    assertThatThrownBy(() -> RecordCoder.of(Unsupported.class))
        .hasMessageContaining("java.lang.Thread");
  }
}
