package dev.nightjar.runners.bench;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.random.RandomGenerator;

/** What an operator does between two commands of a night: see {@link ChaosOperator}. */
enum ChaosAct {
  /** Another system prompt. */
  EDIT_PROMPT,
  /** Other models, or the same in another order. */
  CHANGE_MODELS,
  /** Another name for the same task. */
  RENAME_TASK,
  /** Other token limits. */
  CHANGE_LIMITS,
  /** A new key of the same project; the old one is refused until the end. */
  ROTATE_KEY,
  /** A key of another project, which sees nothing of the former. */
  OTHER_PROJECT,
  /** The same provider under another host name. */
  OTHER_BASE_URL,
  /** The machine's clock, up to 20 minutes ahead or behind. */
  SET_CLOCK,
  /** A price from today on, a band for long requests, and another price in three days. */
  SET_PRICES,
  /** A further file in the corpus. */
  ADD_FILE,
  /** A file of which some documents are others now, and one is gone. */
  CHANGE_FILE,
  /** A file less, unless it is the last. */
  REMOVE_FILE,
  /** A run of the same task over another corpus, at the same time. */
  SECOND_CORPUS,
  /** A run of the same task and corpus for another tenant, at the same time. */
  SECOND_TENANT,
  /** 'submit' in place of 'run'. */
  SUBMIT,
  /** 'collect' in place of 'run'. */
  COLLECT,
  /** 'submit', and then 'submissions cancel' of what is open. */
  CANCEL,
  /** 'items retry' and 'submissions retry'. */
  RETRY,
  /** 'cache forget --all'. */
  FORGET,
  /** 'db backup', a command, and 'db restore'. */
  BACKUP_AND_RESTORE,
  /** The next command has nothing in its environment but keys and addresses. */
  BARE_ENVIRONMENT;

  /** How many a night has. */
  static final int A_NIGHT = 5;

  static int pairs() {
    return values().length * (values().length - 1) / 2;
  }

  /**
   * Those of one night, in the order in which they are done. Any {@link #pairs} nights one after
   * the other have every pair.
   *
   * @param night its number
   */
  static List<ChaosAct> of(long night, RandomGenerator random) {
    int pair = (int) Math.floorMod(night, (long) pairs());
    int first = 0;
    int rest = pair;
    while (rest >= values().length - 1 - first) {
      rest -= values().length - 1 - first;
      first++;
    }
    List<ChaosAct> others = new ArrayList<>(List.of(values()));
    List<ChaosAct> acts = new ArrayList<>(List.of(values()[first], values()[first + 1 + rest]));
    others.removeAll(acts);
    while (acts.size() < A_NIGHT) {
      acts.add(others.remove(random.nextInt(others.size())));
    }
    for (int i = acts.size() - 1; i > 0; i--) {
      Collections.swap(acts, i, random.nextInt(i + 1));
    }
    return acts;
  }
}
