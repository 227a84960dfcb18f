package dev.nightjar.cachestore.postgres;

import java.util.Set;
import org.jooq.DSLContext;
import org.jooq.TransactionalCallable;
import org.jooq.TransactionalRunnable;
import org.jooq.exception.DataAccessException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Transactions that change what several workers change. They lock in one order:
 *
 * <ol>
 *   <li>the row of the run that pays;
 *   <li>the lock of its tenant's money;
 *   <li>misses, in order of their keys, all that the transaction will change in one statement;
 *   <li>attempts, items and whatever else hangs on those.
 * </ol>
 *
 * <p>Foreign keys and the updates of sets lock rows in an order of the database's own, so that two
 * may still meet head on. The database then ends one of them, with nothing done; it is repeated
 * here. The work must therefore have no effect but on the database. Stateless.
 */
final class Transactions {
  private static final Logger LOG = LoggerFactory.getLogger(Transactions.class);
  private static final int TRIES_MAX = 8;

  /** deadlock_detected, serialization_failure. */
  private static final Set<String> ENDED_FOR_ANOTHER = Set.of("40P01", "40001");

  private Transactions() {}

  static <T> T result(DSLContext context, TransactionalCallable<T> work) {
    for (int tries = 1; ; tries++) {
      try {
        return context.transactionResult(work);
      } catch (DataAccessException e) {
        if (tries == TRIES_MAX || !ENDED_FOR_ANOTHER.contains(String.valueOf(e.sqlState()))) {
          throw e;
        }
        LOG.info("repeated, for the database ended it in favour of another: {}", e.sqlState());
      }
    }
  }

  static void run(DSLContext context, TransactionalRunnable work) {
    result(
        context,
        configuration -> {
          work.run(configuration);
          return true;
        });
  }
}
