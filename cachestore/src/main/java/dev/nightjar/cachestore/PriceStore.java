package dev.nightjar.cachestore;

import java.math.BigDecimal;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/** Prices with effective dates. Thread-safe. */
public interface PriceStore {

  /** A provider's model. */
  record Model(String provider, String model) {}

  /**
   * Adds the built-in price list; rows that exist, or were overridden, stay as they are, but for
   * limits that they do not state.
   */
  int seed();

  /** Those of the models that have no price in force now. */
  List<Model> withoutPrice(Collection<Model> models);

  /**
   * Prices, by provider, model, date and size.
   *
   * @param inForceAt only those in force at this time; empty for all, also past and coming ones
   */
  List<Price> list(Optional<Instant> inForceAt);

  /** The most that a provider charges, unasked, times the price of what was asked: 1 or more. */
  BigDecimal surcharge(String provider, Instant at);

  /**
   * What an import did.
   *
   * @param added rows that were not there
   * @param replaced rows of the same model, date and size that said otherwise, and that nothing had
   *     been charged by
   * @param chargedOtherwise charges that were priced by an older row after a new row's date: they
   *     stay as they are
   */
  record Imported(int added, int replaced, long chargedOtherwise) {}

  /**
   * Adds prices, all or none.
   *
   * @throws NightjarException PRICE_IN_USE if a row would change that something was charged by
   */
  Imported add(List<Price> prices);
}
