package dev.nightjar.pipelines.submit;

import dev.nightjar.cachestore.Lease;
import dev.nightjar.cachestore.Submission;
import dev.nightjar.cachestore.SubmissionStore;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Holds submissions for as long as work on them takes: claims them, renews the leases three times
 * within their term, gives back what is left on closing. Thread-safe. Its one thread ends with it,
 * or with the process, and the leases then run out by themselves.
 */
public final class LeaseKeeper implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(LeaseKeeper.class);

  private final SubmissionStore submissions;
  private final String owner;
  private final Duration term;
  private final Clock clock;
  private final Set<String> held = ConcurrentHashMap.newKeySet();
  private final Heartbeat heartbeat;

  /**
   * A keeper with nothing in its hands.
   *
   * @param owner a name that no other keeper has or had
   * @param term how long a lease lasts
   */
  public LeaseKeeper(SubmissionStore submissions, String owner, Duration term, Clock clock) {
    this.submissions = submissions;
    this.owner = owner;
    this.term = term;
    this.clock = clock;
    this.heartbeat = Heartbeat.start("lease-" + owner, term, () -> held.forEach(this::renew));
  }

  /** The name that transitions are made under. */
  public String owner() {
    return owner;
  }

  private Lease lease() {
    return new Lease(owner, clock.instant().plus(term));
  }

  /** Takes a submission; empty if another worker holds it or nothing is left to do. */
  public Optional<Submission> claim(String submissionId) {
    Optional<Submission> claimed = submissions.claim(submissionId, lease(), clock.instant());
    claimed.ifPresent(submission -> held.add(submissionId));
    return claimed;
  }

  private void renew(String submissionId) {
    if (!submissions.renew(submissionId, lease())) {
      held.remove(submissionId); // closed, or taken over: the next transition will tell
    }
  }

  @Override
  public void close() {
    heartbeat.close();
    try {
      held.forEach(submissionId -> submissions.release(submissionId, owner));
    } catch (RuntimeException e) {
      LOG.warn("Leases of {} run out by themselves: {}", owner, e.getMessage());
    }
  }
}
