package dev.nightjar.pipelines.submit;

import dev.nightjar.pipelines.model.Provider;
import java.util.EnumMap;
import java.util.Map;

/** The clients of all providers, opened on first use. Thread-safe. */
public final class ProviderClients implements AutoCloseable {
  private final ProviderSettings settings;
  private final Map<String, String> environment;
  private final EnumMap<Provider, ProviderClient> open = new EnumMap<>(Provider.class);

  private ProviderClients(ProviderSettings settings, Map<String, String> environment) {
    this.settings = settings;
    this.environment = environment;
  }

  /** Clients with keys from this process's environment. */
  public static ProviderClients open(ProviderSettings settings) {
    return open(settings, System.getenv());
  }

  /** Clients with keys from a given environment. */
  public static ProviderClients open(ProviderSettings settings, Map<String, String> environment) {
    Spool.deleteLeftovers();
    return new ProviderClients(settings, environment);
  }

  /** The client of a provider. */
  public synchronized ProviderClient of(Provider provider) {
    return open.computeIfAbsent(
        provider,
        p -> {
          return Providers.of(p).open().apply(settings, settings.apiKey(p, environment));
        });
  }

  @Override
  public synchronized void close() {
    open.values().forEach(ProviderClient::close);
    open.clear();
  }
}
