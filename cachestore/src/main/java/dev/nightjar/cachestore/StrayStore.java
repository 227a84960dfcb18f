package dev.nightjar.cachestore;

import java.math.BigDecimal;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Set;

/**
 * Batches that a provider has for us and that no submission knows: sent after the backup that was
 * put back, or created by a worker that had lost its lease. After a restore, while an account is
 * yet to be asked for them or one of them is at work, its provider is {@link
 * SubmissionStore.Admission#HELD sent nothing}: what they answer would be bought again. Then
 * packing takes their answers over, and what nobody asks for any more is unknown spend.
 * Thread-safe.
 */
public interface StrayStore {

  /**
   * One request that a stray batch was billed for.
   *
   * @param model as the provider names it
   */
  record Charge(String customId, String model, Instant billedAt, Usage usage) {}

  /**
   * A batch that is one of ours.
   *
   * @param createdAt by the provider's clock
   */
  record Found(String batchId, Instant createdAt) {}

  /**
   * A stray batch that is yet to be read.
   *
   * @param account that has it, a keyed hash
   * @param holds whether its provider is sent nothing meanwhile
   */
  record Stray(String provider, String account, String batchId, boolean holds, Instant createdAt) {}

  /**
   * An account that is yet to be asked for stray batches.
   *
   * @param account a keyed hash, as submissions have it
   * @param restoredAt when the backup was put back
   */
  record Pending(String provider, String account, Instant restoredAt) {}

  /**
   * Notes that a backup was put in the database's place: every account may have batches that it
   * does not know, and what it had planned to send may have been sent.
   */
  void afterRestore();

  /** Accounts that are yet to be asked, of all providers, in order. */
  List<Pending> pending();

  /** Providers that are sent nothing for now. */
  Set<String> held();

  /** Whether an account is yet to be asked; one that is new since a restore is. */
  boolean isToReconcile(String provider, String account);

  /**
   * Notes stray batches. Those that are known as such, or that a submission has, are passed over.
   *
   * @param holds whether the provider is sent nothing until they are read
   */
  void found(String provider, String account, boolean holds, Collection<Found> batches);

  /** Notes that all stray batches of an account are found. */
  void reconciled(String provider, String account);

  /**
   * Waits for an account no more, as a person says: neither for its answer nor for its batches.
   *
   * @return whether it was waited for
   */
  boolean giveUp(String provider, String account);

  /** Stray batches that are yet to be read, of all providers. */
  List<Stray> working();

  /**
   * Notes that a stray batch is seen to have ended.
   *
   * @return when that was noted first
   */
  Instant endedSeen(String provider, String batchId);

  /**
   * Notes what a stray batch was billed for, once.
   *
   * @throws NightjarException PRICE_MISSING: nothing was noted
   */
  void read(String provider, String batchId, Collection<Charge> charges);

  /**
   * Books what people have found out about charges that nobody took over: as a run of its own, of a
   * task of its own, each request as a failed item.
   *
   * @param tenant who pays
   * @param charges as {@link SettlementStore#unknownSpend} names them: batch, slash, request
   * @param usd of all of them together; 0 if nothing was billed
   * @throws NightjarException OPTION_INVALID if one of them is not such a charge any more
   */
  void resolve(String tenant, Collection<String> charges, BigDecimal usd);
}
