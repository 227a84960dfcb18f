package dev.nightjar.pipelines.submit;

import dev.nightjar.cachestore.Secrets;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A call to a provider that did not go through. */
public final class ProviderException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** What is known about the call. */
  public enum Kind {
    /** The key was refused (401, 403): nothing happened. */
    KEY_REFUSED,
    /** The account is sold nothing more until a person does something: nothing happened. */
    ACCOUNT_STOPPED,
    /** The request was refused for good (other 4xx): nothing happened. */
    REFUSED,
    /** The provider does not see the uploaded file, which may pass: nothing happened. */
    UPLOAD_MISSING,
    /** Nothing happened, and it may work later (429, connection refused). */
    UNAVAILABLE,
    /** The request may or may not have had its effect (timeout, reset, 5xx). */
    OUTCOME_UNKNOWN
  }

  private final Kind kind;
  private final @Nullable Duration retryAfter;
  private final boolean isGone;

  public ProviderException(Kind kind, String what, @Nullable Throwable cause) {
    this(kind, what, Optional.empty(), false, cause);
  }

  ProviderException(
      Kind kind,
      String what,
      Optional<Duration> retryAfter,
      boolean isGone,
      @Nullable Throwable cause) {
    super(Secrets.redact(what), cause);
    this.kind = kind;
    this.isGone = isGone;
    this.retryAfter = retryAfter.orElse(null);
  }

  public Kind kind() {
    return kind;
  }

  /** How long the provider asks to be left alone. */
  public Optional<Duration> retryAfter() {
    return Optional.ofNullable(retryAfter);
  }

  /** Whether the provider says that there is no such thing, or none any more (404, 410). */
  boolean isGone() {
    return isGone;
  }

  /** Deletes at a provider; what {@linkplain #isGone is gone} already is no error. */
  static void unlessGone(Runnable deletion) {
    try {
      deletion.run();
    } catch (ProviderException e) {
      if (!e.isGone()) {
        throw e;
      }
    }
  }

  /** The same failure, known to be of another kind. */
  ProviderException as(Kind other) {
    return new ProviderException(other, String.valueOf(getMessage()), retryAfter(), isGone, this);
  }

  /** An answer with an HTTP status that is not 2xx. */
  static ProviderException ofStatus(
      String provider,
      int status,
      String code,
      Optional<Duration> retryAfter,
      @Nullable Throwable cause) {
    return new ProviderException(
        kindOf(status),
        provider + " answered " + status + (code.isBlank() ? "" : " (" + code + ")"),
        retryAfter,
        status == 404 || status == 410,
        cause);
  }

  /** A transfer that failed. */
  static ProviderException ofFailure(String provider, Throwable failure) {
    return new ProviderException(
        kindOf(failure), provider + " could not be reached: " + describe(failure), failure);
  }

  private static String describe(Throwable failure) {
    for (Throwable t = failure; t != null; t = t.getCause()) {
      if (t instanceof IOException && t.getMessage() != null) {
        return t.getMessage();
      }
    }
    // the JDK's client refuses a connection without a word
    return failure.getMessage() == null ? failure.getClass().getSimpleName() : failure.getMessage();
  }

  /** What the HTTP status of an answer says about a call with an effect. */
  static Kind kindOf(int status) {
    return switch (status) {
      case 401, 403 -> Kind.KEY_REFUSED;
      case 429 -> Kind.UNAVAILABLE;
      case 408, 409 -> Kind.OUTCOME_UNKNOWN;
      default -> status < 500 ? Kind.REFUSED : Kind.OUTCOME_UNKNOWN;
    };
  }

  /** A refused connection cannot have had an effect. */
  private static Kind kindOf(Throwable failure) {
    for (Throwable t = failure; t != null; t = t.getCause()) {
      if (t instanceof java.net.ConnectException
          || t instanceof java.net.UnknownHostException
          || t instanceof java.net.http.HttpConnectTimeoutException) {
        return Kind.UNAVAILABLE;
      }
    }
    return Kind.OUTCOME_UNKNOWN;
  }
}
