package dev.nightjar.pipelines.promptcache;

import java.util.List;

/**
 * A piece of text that requests share, and what follows it in them: a node of the prefix tree of a
 * night. What one request has for itself is no node.
 *
 * @param name what it is called in plans and reports
 * @param tokens its own tokens, without those before it; above 0
 * @param requests requests that begin with it and all that stands before it; at least the sum of
 *     its children's
 * @param children what follows it in some of them
 */
public record PrefixNode(String name, int tokens, int requests, List<PrefixNode> children) {
  public PrefixNode {
    children = List.copyOf(children);
    if (tokens <= 0 || requests <= 0) {
      throw new IllegalArgumentException(name + ": tokens and requests must be above 0");
    }
    if (children.stream().mapToLong(PrefixNode::requests).sum() > requests) {
      throw new IllegalArgumentException(name + ": more requests follow it than go through it");
    }
  }

  /** A prefix that nothing shared follows. */
  public static PrefixNode leaf(String name, int tokens, int requests) {
    return new PrefixNode(name, tokens, requests, List.of());
  }

  /** Requests in which nothing shared follows. */
  public int ending() {
    return requests - children.stream().mapToInt(PrefixNode::requests).sum();
  }

  /** Tokens of all prefixes of all requests. */
  public double tokensInAll() {
    double all = (double) tokens * requests;
    for (PrefixNode child : children) {
      all += child.tokensInAll();
    }
    return all;
  }
}
