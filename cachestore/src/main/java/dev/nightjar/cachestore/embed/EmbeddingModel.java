package dev.nightjar.cachestore.embed;

import java.util.Arrays;
import java.util.Optional;

/**
 * Embedding models that come with Nightjar. All have {@value #DIMENSIONS} dimensions, for which the
 * store's columns are made. What int8 costs in agreement with the same model in floats is printed
 * by {@code nightjar bench store}.
 */
public enum EmbeddingModel {
  /** Trained on pairs of 256 tokens at most (Reimers and Gurevych 2019, "Sentence-BERT"). */
  ALL_MINILM_L6_V2("all-minilm-l6-v2-int8", "all-minilm-l6-v2-q", 256, Pooling.MEAN),
  /** Twice as deep and half as fast (Xiao and others 2023, "C-Pack"). */
  BGE_SMALL_EN_V15("bge-small-en-v1.5-int8", "bge-small-en-v1.5-q", 512, Pooling.FIRST);

  /** How a text's vector is made of its tokens' vectors. */
  enum Pooling {
    MEAN,
    FIRST
  }

  /** Dimensions of the vectors. */
  public static final int DIMENSIONS = 384;

  private final String label;
  private final String resource;
  private final int tokensMax;
  private final Pooling pooling;

  EmbeddingModel(String label, String resource, int tokensMax, Pooling pooling) {
    this.label = label;
    this.resource = resource;
    this.tokensMax = tokensMax;
    this.pooling = pooling;
  }

  /** The name in task files, and part of a namespace's identity. */
  public String label() {
    return label;
  }

  /** The model of a {@link #label}. */
  public static Optional<EmbeddingModel> ofLabel(String label) {
    return Arrays.stream(values()).filter(model -> model.label.equals(label)).findFirst();
  }

  String resource() {
    return resource;
  }

  /** The most tokens it reads at once, with the two that mark beginning and end. */
  int tokensMax() {
    return tokensMax;
  }

  Pooling pooling() {
    return pooling;
  }
}
