package dev.nightjar.runners;

import dev.nightjar.cachestore.DatabaseAddress;
import dev.nightjar.cachestore.embed.Embedder;
import dev.nightjar.cachestore.embed.EmbeddingModel;
import dev.nightjar.cachestore.embed.OnnxEmbedder;
import dev.nightjar.cachestore.local.PrivateDatabase;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

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
  @Spec private CommandSpec spec;

  @Mixin private final StoreOptions store = new StoreOptions();

  @Override
  public Integer call() {
    DatabaseAddress address = store.migrated(Optional.empty());
    spec.commandLine().getOut().println("database   " + address);
    if (!store.isGiven()) {
      spec.commandLine()
          .getOut()
          .println("data       in " + PrivateDatabase.in(StoreOptions.home()).place());
    }
    try (Embedder embedder = OnnxEmbedder.load(EmbeddingModel.ALL_MINILM_L6_V2, 1)) {
      embedder.embed(List.of("ready"));
      spec.commandLine().getOut().println("embeddings " + embedder.model());
    }
    spec.commandLine()
        .getOut()
        .println("ready      next: runners/bin/nightjar init YOUR-DATA, or nightjar demo");
    return 0;
  }
}
