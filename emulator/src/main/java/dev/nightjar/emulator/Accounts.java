package dev.nightjar.emulator;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The keys that are accepted, and the project of each. Keys of one project see the same files and
 * batches, those of another see none of them; a Gemini batch is seen by the key that created it
 * only. Until a key is named, every key is accepted and is a project of its own. Thread-safe.
 */
final class Accounts {
  private static final int HASH_BYTES = 8;

  private final Map<String, String> projects = new ConcurrentHashMap<>();
  private volatile boolean named;

  /**
   * What a key may see and makes its own.
   *
   * @param project owner of what it makes
   * @param key owner of what is its alone
   */
  record Viewer(String project, String key) {
    /** The owner of a batch that it creates. */
    String batchOwner(Vendor vendor) {
      return vendor == Vendor.GEMINI ? key : project;
    }

    boolean sees(String owner) {
      return owner.equals(project) || owner.equals(key);
    }
  }

  void admit(String project, String key) {
    named = true;
    projects.put(key, project);
  }

  void revoke(String key) {
    named = true;
    projects.remove(key);
  }

  /** Empty if the key is not accepted. */
  Optional<Viewer> viewer(String key) {
    String own = "key " + hash(key);
    return named
        ? Optional.ofNullable(projects.get(key)).map(project -> new Viewer(project, own))
        : Optional.of(new Viewer(own, own));
  }

  /** Keys are not kept on disk. */
  private static String hash(String key) {
    try {
      byte[] hash =
          MessageDigest.getInstance("SHA-256").digest(key.getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(hash, 0, HASH_BYTES);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
