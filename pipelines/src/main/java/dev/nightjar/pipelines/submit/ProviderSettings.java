package dev.nightjar.pipelines.submit;

import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.pipelines.model.Provider;
import java.io.Serializable;
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
        urls.put(provider, url.replaceFirst("/v1(beta)?/?$", "").replaceFirst("/$", ""));
      }
    }
    String directory = environment.get(BATCH_DIRECTORY_VARIABLE);
    return new ProviderSettings(
        urls, directory == null || directory.isBlank() ? null : directory, patience);
  }

  /** Where a provider answers, without a path. */
  public String baseUrl(Provider provider) {
    return baseUrls.getOrDefault(provider, provider.baseUrl());
  }

  /**
   * Whether somebody said where a server of one's own is: only then is it missed if it is not
   * there. A provider on the network is always where it is.
   */
  public boolean isLocated(Provider provider) {
    return provider != Provider.SELF_HOSTED
        || baseUrls.containsKey(provider)
        || selfHostedBatchDirectory().isPresent();
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
   * @throws NightjarException PROVIDER_KEY_MISSING if there is none
   */
  public String apiKey(Provider provider, Map<String, String> environment) {
    String key = environment.get(provider.keyVariable());
    if (key != null && !key.isBlank()) {
      return key;
    }
    String host = java.net.URI.create(baseUrl(provider)).getHost();
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
