package dev.nightjar.runners;

import dev.nightjar.cachestore.DatabaseAddress;
import dev.nightjar.cachestore.embed.Embedder;
import dev.nightjar.cachestore.embed.MiniLmEmbedder;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Makes this machine ready. */
@Command(
    name = "setup",
    mixinStandardHelpOptions = true,
    header = "Makes this machine ready: PostgreSQL with pgvector, the schema, the embedding model.",
    description = {
      "",
      "On Debian 12 and 13 'runners/bin/nightjar setup' first installs what is missing and prints each"
          + " package. Idempotent.",
      ""
    })
final class SetupCommand implements Callable<Integer> {
  @Mixin private final StoreOptions store = new StoreOptions();

  @Override
  public Integer call() {
    DatabaseAddress address = store.migrated(Optional.empty());
    System.out.println("database   " + address);
    try (Embedder embedder = MiniLmEmbedder.load(1)) {
      embedder.embed(List.of("ready"));
      System.out.println("embeddings " + embedder.model());
    }
    System.out.println("ready      next: runners/bin/nightjar demo");
    return 0;
  }
}
