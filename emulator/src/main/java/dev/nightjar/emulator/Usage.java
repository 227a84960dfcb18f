package dev.nightjar.emulator;

/** Tokens of one request; the classes exclude one another. */
record Usage(long input, long cached, long write5m, long write1h, long output) {
  long prompt() {
    return input + cached + write5m + write1h;
  }
}
