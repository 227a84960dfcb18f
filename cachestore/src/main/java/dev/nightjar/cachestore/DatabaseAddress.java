package dev.nightjar.cachestore;

import java.io.IOException;
import java.io.Serializable;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Where a database is, without its password: an address travels in serialized pipelines, a password
 * must not. Workers find the password themselves, in {@code PGPASSWORD} or in the password file.
 *
 * @param host name or address
 * @param port TCP port
 * @param database database name
 * @param user role to connect as
 * @param passwordFile a libpq password file to read on the worker; empty string for none
 */
public record DatabaseAddress(
    String host, int port, String database, String user, String passwordFile)
    implements Serializable {

  /**
   * Parses {@code postgresql://user@host:port/database}, with or without a leading {@code jdbc:}.
   *
   * @throws NightjarException OPTION_INVALID if the text is no such URL or carries a password
   */
  public static DatabaseAddress parse(String url) {
    URI uri;
    try {
      uri = new URI(url.startsWith("jdbc:") ? url.substring("jdbc:".length()) : url);
    } catch (URISyntaxException e) {
      throw invalid("is not a URL (" + e.getReason() + ")");
    }
    if (uri.getScheme() == null
        || !(uri.getScheme().equals("postgresql") || uri.getScheme().equals("postgres"))
        || uri.getHost() == null) {
      throw invalid("is not of the form postgresql://user@host:port/database");
    }
    String userInfo = uri.getUserInfo() == null ? "" : uri.getUserInfo();
    if (userInfo.contains(":")
        || (uri.getQuery() != null && uri.getQuery().contains("password="))) {
      throw new NightjarException(
          ErrorCode.OPTION_INVALID,
          "--database",
          "the URL carries a password, which would be seen in process lists",
          "take it out and set PGPASSWORD or PGPASSFILE instead");
    }
    String path = uri.getPath() == null ? "" : uri.getPath();
    String database = path.length() > 1 ? path.substring(1) : "nightjar";
    String user = userInfo.isEmpty() ? System.getProperty("user.name", "nightjar") : userInfo;
    return new DatabaseAddress(
        uri.getHost(), uri.getPort() < 0 ? 5432 : uri.getPort(), database, user, "");
  }

  private static NightjarException invalid(String what) {
    return new NightjarException(
        ErrorCode.OPTION_INVALID,
        "--database",
        "the value " + what,
        "give postgresql://user@host:port/database");
  }

  /** The same server and user, another database. */
  public DatabaseAddress withDatabase(String name) {
    return new DatabaseAddress(host, port, name, user, passwordFile);
  }

  /** As {@link #parse} takes it, without the password. */
  public String url() {
    return "postgresql://" + user + "@" + host + ":" + port + "/" + database;
  }

  public String jdbcUrl() {
    return "jdbc:postgresql://" + host + ":" + port + "/" + database;
  }

  /** A line to paste into a shell; names the password file but holds no password. */
  public String psqlCommand() {
    String prefix = passwordFile.isEmpty() ? "" : "PGPASSFILE=" + passwordFile + " ";
    return prefix
        + "PGOPTIONS=--search_path=nightjar,public psql -h "
        + host
        + " -p "
        + port
        + " -U "
        + user
        + " "
        + database;
  }

  /**
   * The password for this address, from the password file or {@code PGPASSWORD}; empty if neither
   * is there, in which case the driver looks in {@code PGPASSFILE} and {@code ~/.pgpass} itself.
   */
  public Optional<String> readPassword() {
    if (!passwordFile.isEmpty()) {
      try {
        // host:port:database:user:password, the last field as it stands
        String[] fields = Files.readString(Path.of(passwordFile)).strip().split(":", 5);
        return Optional.of(fields[fields.length - 1]);
      } catch (IOException e) {
        throw new NightjarException(
            ErrorCode.DATABASE_UNREACHABLE,
            passwordFile,
            "the password file cannot be read on this machine",
            "copy it there, or use --database with PGPASSWORD set on every worker",
            e);
      }
    }
    return Optional.ofNullable(System.getenv("PGPASSWORD"));
  }

  @Override
  public String toString() {
    return user + "@" + host + ":" + port + "/" + database;
  }
}
