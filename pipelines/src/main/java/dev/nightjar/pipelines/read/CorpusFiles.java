package dev.nightjar.pipelines.read;

import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NightjarException;
import java.io.File;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.beam.sdk.io.fs.MatchResult;
import org.apache.beam.sdk.io.fs.ResourceId;

/**
 * The files that patterns name. Of this machine's folders only those levels are looked at that a
 * pattern names, below {@code **} each real folder once; a file that several names lead to is one
 * file, by the first of them. Other file systems are asked through Beam. Stateless.
 */
public final class CorpusFiles {
  private static final Pattern SCHEME = Pattern.compile("[a-z][a-z0-9+.-]+://.*");
  private static final Pattern BRACES = Pattern.compile("\\{([^{}]*/[^{}]*)\\}");
  private static final Pattern WILD = Pattern.compile("[*?\\[{\\\\]");

  private CorpusFiles() {}

  /** A pattern that means the same in every working directory. */
  public static String absolute(String pattern) {
    return SCHEME.matcher(pattern).matches() || pattern.startsWith("/")
        ? pattern
        : new File(pattern).getAbsolutePath();
  }

  /**
   * The folder that all patterns are below: ids are told from there, so that a corpus keeps them
   * when it is moved. Of one pattern it is what stands before its first wildcard, of a folder the
   * folder itself, of a file the folder that it is in.
   *
   * @param patterns absolute ones
   * @return with a slash at its end; empty if they are below none
   */
  public static String root(List<String> patterns) {
    String root = "";
    for (int i = 0; i < patterns.size(); i++) {
      String own = root(patterns.get(i));
      root = i == 0 ? own : common(root, own);
    }
    return root;
  }

  private static String root(String pattern) {
    if (!SCHEME.matcher(pattern).matches()) {
      Path literal = Path.of(pattern);
      if (Files.isDirectory(literal)) {
        return pattern.replaceFirst("/*$", "/");
      }
      if (Files.exists(literal)) {
        return pattern.substring(0, pattern.lastIndexOf('/') + 1);
      }
    }
    Matcher wild = WILD.matcher(pattern);
    int end = wild.find() ? wild.start() : pattern.length();
    return pattern.substring(0, pattern.lastIndexOf('/', end) + 1);
  }

  private static String common(String first, String second) {
    int same = 0;
    int end = 0;
    while (same < Math.min(first.length(), second.length())
        && first.charAt(same) == second.charAt(same)) {
      end = first.charAt(same) == '/' ? same + 1 : end;
      same++;
    }
    return first.substring(0, end);
  }

  /** A file's path below a corpus's root; where it is, if it is not below it. */
  public static String path(String root, String uri) {
    return uri.startsWith(root) ? uri.substring(root.length()) : uri;
  }

  /**
   * The files of all patterns, in the order of their names. A folder stands for all files below it,
   * but for hidden ones.
   *
   * @param patterns absolute ones
   * @throws NightjarException INPUT_UNREADABLE if one of them, or a folder on the way, cannot be
   *     opened; CORPUS_EMPTY if a pattern matches nothing
   */
  public static Collection<MatchResult.Metadata> match(List<String> patterns) {
    Map<String, MatchResult.Metadata> byRealPath = new LinkedHashMap<>();
    for (String pattern : patterns) {
      boolean isRemote = SCHEME.matcher(pattern).matches();
      Map<String, MatchResult.Metadata> matched =
          isRemote ? remote(pattern) : new LocalMatch(pattern).files();
      if (matched.isEmpty()) {
        throw new NightjarException(
            ErrorCode.CORPUS_EMPTY, pattern, "no file matches this pattern", "correct --corpus");
      }
      matched.forEach(byRealPath::putIfAbsent);
    }
    Map<String, MatchResult.Metadata> byName = new TreeMap<>();
    byRealPath.values().forEach(file -> byName.put(file.resourceId().toString(), file));
    return byName.values();
  }

  private static Map<String, MatchResult.Metadata> remote(String pattern) {
    Map<String, MatchResult.Metadata> files = new TreeMap<>();
    try {
      MatchResult result = org.apache.beam.sdk.io.FileSystems.match(pattern);
      if (result.status() == MatchResult.Status.OK) {
        result.metadata().forEach(file -> files.put(file.resourceId().toString(), file));
      }
    } catch (FileNotFoundException e) {
      return Map.of();
    } catch (IOException | IllegalArgumentException e) {
      throw unreadable(
          pattern,
          String.valueOf(e.getMessage()),
          e instanceof IllegalArgumentException // no file system has its scheme
              ? "correct --corpus, or put Beam's file system for it on NIGHTJAR_CLASSPATH"
              : "correct --corpus",
          e);
    }
    return files;
  }

  private static NightjarException unreadable(
      String key, String what, String nextStep, @org.jspecify.annotations.Nullable Exception e) {
    return new NightjarException(ErrorCode.INPUT_UNREADABLE, key, what, nextStep, e);
  }

  /** One pattern on this machine. */
  private static final class LocalMatch {
    private final String pattern;

    /** By real path; of several names of one file the first in their order stays. */
    private final Map<String, Path> found = new TreeMap<>();

    private final Set<Path> walked = new HashSet<>();

    LocalMatch(String pattern) {
      this.pattern = pattern;
    }

    Map<String, MatchResult.Metadata> files() {
      try {
        Path literal = Path.of(pattern);
        if (Files.isDirectory(literal)) {
          walk(literal, literal, List.of(path -> !isHidden(path)));
        } else if (Files.exists(literal)) {
          add(literal);
        } else {
          for (String expanded : braces(pattern)) {
            List<String> levels = new ArrayList<>();
            for (String level : expanded.split("/")) {
              if (!level.isEmpty()) {
                levels.add(level);
              }
            }
            descend(Path.of("/"), levels);
          }
        }
        Map<String, MatchResult.Metadata> files = new LinkedHashMap<>();
        for (Map.Entry<String, Path> file : found.entrySet()) {
          files.put(file.getKey(), metadata(file.getValue()));
        }
        return files;
      } catch (IOException | DirectoryIteratorException | IllegalArgumentException e) {
        throw unreadable(
            pattern,
            e.getClass().getSimpleName() + ": " + e.getMessage(),
            "correct --corpus, or the permissions",
            e);
      }
    }

    /** A pattern for each of the alternatives of its first braces that hold a level's end. */
    private static List<String> braces(String pattern) {
      Matcher braces = BRACES.matcher(pattern);
      if (!braces.find()) {
        return List.of(pattern);
      }
      List<String> all = new ArrayList<>();
      for (String alternative : braces.group(1).split(",", -1)) {
        all.addAll(
            braces(
                pattern.substring(0, braces.start())
                    + alternative
                    + pattern.substring(braces.end())));
      }
      return all;
    }

    private void descend(Path folder, List<String> levels) throws IOException {
      String level = levels.get(0);
      List<String> rest = levels.subList(1, levels.size());
      if (level.contains("**")) {
        String below = String.join("/", levels);
        List<PathMatcher> matchers = new ArrayList<>();
        matchers.add(FileSystems.getDefault().getPathMatcher("glob:" + below));
        if (below.startsWith("**/")) { // also no folder at all, as everywhere else
          matchers.add(FileSystems.getDefault().getPathMatcher("glob:" + below.substring(3)));
        }
        walk(folder, folder, matchers);
      } else if (WILD.matcher(level).find()) {
        PathMatcher matcher = FileSystems.getDefault().getPathMatcher("glob:" + level);
        if (Files.isDirectory(folder)) {
          for (Path child : children(folder)) {
            if (matcher.matches(child.getFileName())) {
              goOn(child, rest, true);
            }
          }
        }
      } else {
        goOn(folder.resolve(level), rest, false);
      }
    }

    private void goOn(Path path, List<String> rest, boolean isListed) throws IOException {
      if (rest.isEmpty()) {
        if (!Files.isDirectory(path) && (isListed || Files.exists(path))) {
          add(path);
        }
      } else if (Files.isDirectory(path)) {
        descend(path, rest);
      }
    }

    private void walk(Path top, Path folder, List<PathMatcher> matchers) throws IOException {
      if (!Files.isDirectory(folder) || !walked.add(folder.toRealPath())) {
        return;
      }
      for (Path child : children(folder)) {
        if (Files.isDirectory(child)) {
          walk(top, child, matchers);
        } else if (matchers.stream().anyMatch(m -> m.matches(top.relativize(child)))) {
          add(child);
        }
      }
    }

    /** Whether it is, or is in, what begins with a dot: `.git`, `.DS_Store`. */
    private static boolean isHidden(Path relative) {
      for (Path level : relative) {
        if (level.toString().startsWith(".")) {
          return true;
        }
      }
      return false;
    }

    private static List<Path> children(Path folder) throws IOException {
      List<Path> children = new ArrayList<>();
      try (DirectoryStream<Path> all = Files.newDirectoryStream(folder)) {
        all.forEach(children::add);
      }
      children.sort(null);
      return children;
    }

    private void add(Path file) throws IOException {
      String name = file.toString();
      if (!Path.of(name).equals(file) || name.indexOf('\uFFFD') >= 0) {
        throw unreadable(
            name,
            "its name is not written in " + Charset.defaultCharset() + ", and it cannot be opened",
            "rename it, or leave it out of the pattern",
            null);
      }
      if (!Files.isReadable(file)) {
        throw unreadable(
            name,
            Files.exists(file) ? "this user may not read it" : "it is a link to nothing",
            "correct its permissions, or leave it out of the pattern",
            null);
      }
      found.merge(file.toRealPath().toString(), file, (a, b) -> a.compareTo(b) <= 0 ? a : b);
    }

    private static MatchResult.Metadata metadata(Path file) throws IOException {
      ResourceId id = org.apache.beam.sdk.io.FileSystems.matchNewResource(file.toString(), false);
      return MatchResult.Metadata.builder()
          .setResourceId(id)
          .setSizeBytes(Files.size(file))
          .setLastModifiedMillis(Files.getLastModifiedTime(file).toMillis())
          .setIsReadSeekEfficient(true)
          .build();
    }
  }
}
