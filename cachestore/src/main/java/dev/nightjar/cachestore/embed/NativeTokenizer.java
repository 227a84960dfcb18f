package dev.nightjar.cachestore.embed;

import ai.djl.huggingface.tokenizers.jni.LibUtils;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * Loads the tokenizer's native library from a file of this class loader's own.
 *
 * <p>A JVM loads one file for one class loader only, and lets go of it when that class loader is
 * collected. DJL unpacks to one place per user, so the second job on a TaskManager, which has a
 * class loader of its own, failed until the first job's was collected. Once loaded the file is
 * needed no more.
 */
final class NativeTokenizer {
  /** Where DJL unpacks to, when the environment variable of the same name is not set. */
  private static final String PLACE = "ENGINE_CACHE_DIR";

  private static boolean loaded;

  private NativeTokenizer() {}

  static void load() throws IOException {
    // The property is the JVM's, so all class loaders take turns, by an object that they share.
    synchronized (Runtime.getRuntime()) {
      if (loaded) {
        return;
      }
      Path own = Files.createTempDirectory("nightjar-tokenizer");
      String before = System.getProperty(PLACE);
      System.setProperty(PLACE, own.toString());
      try {
        LibUtils.checkStatus();
      } finally {
        if (before == null) {
          System.clearProperty(PLACE);
        } else {
          System.setProperty(PLACE, before);
        }
        remove(own);
      }
      loaded = true;
    }
  }

  private static void remove(Path directory) throws IOException {
    List<Path> files;
    try (Stream<Path> all = Files.walk(directory)) {
      files = all.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path file : files) {
      Files.delete(file);
    }
  }
}
