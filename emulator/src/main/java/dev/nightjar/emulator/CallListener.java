package dev.nightjar.emulator;

/**
 * Is told of every call to a provider, on the thread that serves it and before it is answered: the
 * caller waits for as long as this takes. Implementations are thread-safe.
 */
@FunctionalInterface
public interface CallListener {

  /**
   * Called once for each phase that a call reaches. A call that a fault stops before its effect
   * reaches only the first.
   *
   * @param number 1 for the first call since the emulator was started
   * @param call what the call wants
   * @param phase where it is
   */
  void called(int number, Call call, Phase phase);
}
