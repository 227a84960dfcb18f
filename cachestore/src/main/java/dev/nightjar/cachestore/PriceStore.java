package dev.nightjar.cachestore;

import java.util.Collection;
import java.util.List;

/** Prices with effective dates. Thread-safe. */
public interface PriceStore {

  /** A provider's model. */
  record Model(String provider, String model) {}

  /** Adds the built-in price list; rows that exist, or were overridden, stay as they are. */
  int seed();

  /** Those of the models that have no price in force now. */
  List<Model> withoutPrice(Collection<Model> models);
}
