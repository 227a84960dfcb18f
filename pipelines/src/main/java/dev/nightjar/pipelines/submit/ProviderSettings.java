package dev.nightjar.pipelines.submit;

import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.pipelines.model.Provider;
import java.io.Serializable;
import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Where providers answer, and how patient we are with them. Holds no key.
 *
 * @param baseUrls by provider; a provider that is absent answers at its own address
 * @param selfHostedBatchDirectoryOrNull where {@code vllm run-batch} takes its input and leaves its
 *     output; null to ask a self-hosted server online
 * @param patience time limits
 */
public record ProviderSettings(
    Map<Provider, String> baseUrls,
    @Nullable String selfHostedBatchDirectoryOrNull,
    Patience patience)
    implements Serializable {

  /**
   * Time limits.
   *
   * @param settleMillisMin how long after an interrupted create a batch may still turn up at the
   *     provider; only then, if it is not there, is it created again
   * @param leaseMillis how long a worker that has died keeps a submission from others
   * @param waitMillisMax longest wait between two tries of a call or of a submission
   * @param callMillisMax longest wait for one answer, transfers of files apart
   */
  public record Patience(
      long settleMillisMin, long leaseMillis, long waitMillisMax, long callMillisMax)
      implements Serializable {

    /**
     * A create that the provider accepted is listed well within two minutes. The wait is not
     * shorter than the limit on one call, and is prolonged where requests travel with the create,
     * so that no create of ours is still under way by then.
     */
    public static final Patience DEFAULT = new Patience(120_000, 60_000, 600_000, 100_000);

    public Patience {
      if (settleMillisMin < 0 || leaseMillis < 1 || waitMillisMax < 1 || callMillisMax < 1) {
        throw new IllegalArgumentException("time limits must be > 0");
      }
    }
  }

  private static final int DOUBLINGS_MAX = 20;

  /** Slower than hosted models are under load: 8,192 tokens are waited for 14 minutes more. */
  private static final int OUTPUT_TOKENS_PER_SECOND_MIN = 10;

  private static final String BATCH_DIRECTORY_VARIABLE = "SELF_HOSTED_BATCH_DIR";

  private static final int KEY_CHARS_MAX = 1_000;

  public ProviderSettings {
    EnumMap<Provider, String> copy = new EnumMap<>(Provider.class);
    copy.putAll(baseUrls);
    baseUrls = copy;
  }

  /** The providers themselves, or what {@code …_BASE_URL} and {@code SELF_HOSTED_BATCH_DIR} say. */
  public static ProviderSettings fromEnvironment(
      Map<String, String> environment, Patience patience) {
    EnumMap<Provider, String> urls = new EnumMap<>(Provider.class);
    for (Provider provider : Provider.values()) {
      String url = environment.get(provider.baseUrlVariable());
      if (url != null && !url.isBlank()) {
        urls.put(provider, address(provider, url.strip()));
      }
    }
    String directory = environment.get(BATCH_DIRECTORY_VARIABLE);
    return new ProviderSettings(
        urls, directory == null || directory.isBlank() ? null : directory, patience);
  }

  private static String address(Provider provider, String url) {
    try {
      URI uri = new URI(url);
      boolean isWeb = "http".equals(uri.getScheme()) || "https".equals(uri.getScheme());
      // Its authority, for a host in a network of containers may have an underscore.
      String authority = uri.getRawAuthority();
      if (isWeb && authority != null && !authority.contains("@") && uri.getQuery() == null) {
        return url.replaceFirst("/+$", "")
            .replaceFirst("/v1(beta)?$", "")
            .replaceFirst("/(openai|compatible-mode)$", "")
            .replaceFirst("/+$", "");
      }
    } catch (URISyntaxException e) {
      // falls through to the same message
    }
    // Not quoted: it may hold a password.
    throw new NightjarException(
        ErrorCode.OPTION_INVALID,
        provider.baseUrlVariable(),
        "expected an address like "
            + provider.baseUrl()
            + ", without user, password and question mark",
        "correct or unset it");
  }

  /** Where a provider answers, without a path. */
  public String baseUrl(Provider provider) {
    return baseUrls.getOrDefault(provider, provider.baseUrl());
  }

  /**
   * Whether somebody said where a server, or a resource, of one's own is: only then is it missed if
   * it is not there. A provider on the network is always where it is.
   */
  public boolean isLocated(Provider provider) {
    return !provider.isOnesOwn()
        || baseUrls.containsKey(provider)
        || (provider == Provider.SELF_HOSTED && selfHostedBatchDirectory().isPresent());
  }

  Optional<String> selfHostedBatchDirectory() {
    return Optional.ofNullable(selfHostedBatchDirectoryOrNull);
  }

  Duration settleMin() {
    return Duration.ofMillis(patience.settleMillisMin());
  }

  /** How long a lease lasts before it must be renewed. */
  public Duration lease() {
    return Duration.ofMillis(patience.leaseMillis());
  }

  /**
   * How long to leave a provider alone: as long as it asks, else a second that doubles with each
   * try; never longer than {@link #waitMax}.
   */
  Duration waitBefore(int tries, Optional<Duration> asked) {
    Duration wait = asked.orElse(Duration.ofSeconds(1L << Math.min(tries, DOUBLINGS_MAX)));
    return wait.compareTo(waitMax()) < 0 ? wait : waitMax();
  }

  /**
   * How long an online answer may take: it comes whole, so its output is waited for, too, at the
   * rate of the slowest model under load. What is paid and not waited for would be bought again.
   *
   * @param outputTokensMax the limit of the request
   */
  Duration answerMax(int outputTokensMax) {
    return callMax().plusSeconds(outputTokensMax / OUTPUT_TOKENS_PER_SECOND_MIN);
  }

  /** Longest wait between two tries. */
  public Duration waitMax() {
    return Duration.ofMillis(patience.waitMillisMax());
  }

  public Duration callMax() {
    return Duration.ofMillis(patience.callMillisMax());
  }

  /**
   * The API key of a provider, from the environment. A server on this machine's loopback needs
   * none, nor does one of one's own, and gets a placeholder.
   *
   * @throws NightjarException PROVIDER_KEY_MISSING if there is none, PROVIDER_KEY_INVALID if it
   *     cannot be one; what it is is not said
   */
  public String apiKey(Provider provider, Map<String, String> environment) {
    String key = environment.getOrDefault(provider.keyVariable(), "").strip();
    int odd = 0;
    while (odd < key.length() && key.charAt(odd) > ' ' && key.charAt(odd) < 0x7F) {
      odd++;
    }
    if (odd < key.length() || key.length() > KEY_CHARS_MAX) {
      throw new NightjarException(
          ErrorCode.PROVIDER_KEY_INVALID,
          provider.label(),
          "the environment variable "
              + provider.keyVariable()
              + (odd < key.length()
                  ? " holds a character that no key has, as number " + (odd + 1)
                  : " is longer than any key"),
          "export it anew, without blanks, line ends and quotes, and run the same command again");
    }
    if (!key.isEmpty()) {
      return key;
    }
    String host = URI.create(baseUrl(provider)).getHost();
    if (provider == Provider.SELF_HOSTED
        || (host != null
            && (host.equals("127.0.0.1") || host.equals("localhost") || host.equals("[::1]")))) {
      return "none";
    }
    throw new NightjarException(
        ErrorCode.PROVIDER_KEY_MISSING,
        provider.label(),
        "the environment variable " + provider.keyVariable() + " is not set",
        "export it and run the same command again");
  }
}
