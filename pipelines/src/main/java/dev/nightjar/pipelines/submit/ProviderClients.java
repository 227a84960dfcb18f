package dev.nightjar.pipelines.submit;

import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.cachestore.Submission;
import dev.nightjar.pipelines.model.Provider;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Instant;
import java.util.EnumMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** The clients of all providers, opened on first use. Thread-safe. */
public final class ProviderClients implements AutoCloseable {
  private static final int ACCOUNT_BYTES = 8;

  private final ProviderSettings settings;
  private final Map<String, String> environment;
  private final UnaryOperator<Instant> dates;
  private final EnumMap<Provider, ProviderClient> open = new EnumMap<>(Provider.class);

  private ProviderClients(
      ProviderSettings settings, Map<String, String> environment, UnaryOperator<Instant> dates) {
    this.settings = settings;
    this.environment = environment;
    this.dates = dates;
  }

  /** Clients with keys from this process's environment. */
  public static ProviderClients open(ProviderSettings settings) {
    return open(settings, System.getenv());
  }

  /** Clients with keys from a given environment. */
  public static ProviderClients open(ProviderSettings settings, Map<String, String> environment) {
    return open(settings, environment, UnaryOperator.identity());
  }

  /**
   * Clients whose providers live in another time than their answers are dated with: a test's, for
   * the JDK's server dates its answers itself.
   *
   * @param dates what the provider's clock shows when an answer is dated so
   */
  static ProviderClients open(
      ProviderSettings settings, Map<String, String> environment, UnaryOperator<Instant> dates) {
    Spool.deleteLeftovers();
    return new ProviderClients(settings, environment, dates);
  }

  /**
   * The provider's own time.
   *
   * @throws ProviderException if it does not answer
   */
  Optional<Instant> time(Provider provider) {
    return of(provider).time().map(dates);
  }

  /**
   * Tells one key at one address from another, without either being told by it: what one account
   * has, another may not see. The address hashed by the key, 64 bits of it.
   */
  String account(Provider provider) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(
          new SecretKeySpec(
              settings.apiKey(provider, environment).getBytes(StandardCharsets.UTF_8),
              "HmacSHA256"));
      byte[] hash =
          mac.doFinal(
              ("nightjar account " + provider.label() + " " + settings.baseUrl(provider))
                  .getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(hash, 0, ACCOUNT_BYTES);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every Java has HmacSHA256", e);
    }
  }

  /** Whether a submission was sent, if it was, by the key and to the address that are set now. */
  boolean isOfThisAccount(Submission submission) {
    return submission
        .account()
        .filter(account -> !account.equals(account(Provider.ofLabel(submission.provider()))))
        .isEmpty();
  }

  /** Whether a provider's key is there, and can be one. */
  public boolean hasKey(Provider provider) {
    try {
      settings.apiKey(provider, environment);
      return true;
    } catch (NightjarException e) {
      return false;
    }
  }

  /** The client of a provider. */
  public synchronized ProviderClient of(Provider provider) {
    return open.computeIfAbsent(
        provider,
        p -> {
          if (p == Provider.AZURE && !settings.isLocated(p)) {
            throw new NightjarException(
                ErrorCode.OPTION_INVALID,
                p.baseUrlVariable(),
                "it is not set, and each Azure resource has an address of its own",
                "set it to an address like " + p.baseUrl());
          }
          return Providers.of(p).open().apply(settings, settings.apiKey(p, environment));
        });
  }

  @Override
  public synchronized void close() {
    open.values().forEach(ProviderClient::close);
    open.clear();
  }
}
