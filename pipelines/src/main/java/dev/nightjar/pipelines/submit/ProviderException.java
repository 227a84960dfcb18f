package dev.nightjar.pipelines.submit;

/** A call to a provider that did not go through. */
public final class ProviderException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** What is known about the call. */
  public enum Kind {
    /** The key was refused (401, 403): nothing happened. */
    KEY_REFUSED,
    /** The request was refused for good (other 4xx): nothing happened. */
    REFUSED,
    /** Nothing happened, and it may work later (429, connection refused). */
    UNAVAILABLE,
    /** The request may or may not have had its effect (timeout, reset, 5xx). */
    OUTCOME_UNKNOWN
  }

  private final Kind kind;

  public ProviderException(Kind kind, String what, Throwable cause) {
    super(what, cause);
    this.kind = kind;
  }

  public Kind kind() {
    return kind;
  }

  /** What the HTTP status of an answer says about a call with an effect. */
  static Kind ofStatus(int status) {
    return switch (status) {
      case 401, 403 -> Kind.KEY_REFUSED;
      case 429 -> Kind.UNAVAILABLE;
      case 408, 409 -> Kind.OUTCOME_UNKNOWN;
      default -> status < 500 ? Kind.REFUSED : Kind.OUTCOME_UNKNOWN;
    };
  }

  /** What a failed transfer says: a refused connection cannot have had an effect. */
  static Kind ofFailure(Throwable failure) {
    for (Throwable t = failure; t != null; t = t.getCause()) {
      if (t instanceof java.net.ConnectException || t instanceof java.net.UnknownHostException) {
        return Kind.UNAVAILABLE;
      }
    }
    return Kind.OUTCOME_UNKNOWN;
  }
}
