package dev.nightjar.pipelines.submit;

import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.pipelines.model.Provider;
import java.io.Serializable;
import java.util.EnumMap;
import java.util.Map;

/**
 * Where providers answer and how long an unknown outcome is waited for. Holds no key.
 *
 * @param baseUrls by provider; a provider that is absent answers at its own address
 * @param settleSecondsMin how long after an interrupted create a batch may still turn up at the
 *     provider; only then, if it is not there, is it created again
 */
public record ProviderSettings(Map<Provider, String> baseUrls, int settleSecondsMin)
    implements Serializable {

  /** A create that the provider accepted is listed well within this time. */
  public static final int SETTLE_SECONDS_DEFAULT = 120;

  public ProviderSettings {
    EnumMap<Provider, String> copy = new EnumMap<>(Provider.class);
    copy.putAll(baseUrls);
    baseUrls = copy;
  }

  /**
   * The providers themselves, or what {@code OPENAI_BASE_URL} and {@code ANTHROPIC_BASE_URL} say.
   */
  public static ProviderSettings fromEnvironment(
      Map<String, String> environment, int settleSecondsMin) {
    EnumMap<Provider, String> urls = new EnumMap<>(Provider.class);
    for (Provider provider : Provider.values()) {
      String url = environment.get(provider.name() + "_BASE_URL");
      if (url != null && !url.isBlank()) {
        urls.put(provider, url.replaceFirst("/v1/?$", "").replaceFirst("/$", ""));
      }
    }
    return new ProviderSettings(urls, settleSecondsMin);
  }

  /** Where a provider answers, without a path. */
  public String baseUrl(Provider provider) {
    return baseUrls.getOrDefault(provider, provider.baseUrl());
  }

  /**
   * The API key of a provider, from the environment. A server on this machine's loopback needs
   * none, and gets a placeholder, because the SDKs insist on one.
   *
   * @throws NightjarException PROVIDER_KEY_MISSING if there is none
   */
  public String apiKey(Provider provider, Map<String, String> environment) {
    String key = environment.get(provider.keyVariable());
    if (key != null && !key.isBlank()) {
      return key;
    }
    String host = java.net.URI.create(baseUrl(provider)).getHost();
    if (host != null
        && (host.equals("127.0.0.1") || host.equals("localhost") || host.equals("[::1]"))) {
      return "none";
    }
    throw new NightjarException(
        ErrorCode.PROVIDER_KEY_MISSING,
        provider.label(),
        "the environment variable " + provider.keyVariable() + " is not set",
        "export it and run the same command again");
  }
}
