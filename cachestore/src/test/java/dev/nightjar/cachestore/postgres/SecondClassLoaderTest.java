package dev.nightjar.cachestore.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nightjar.cachestore.DatabaseAddress;
import dev.nightjar.cachestore.embed.EmbeddingModel;
import dev.nightjar.cachestore.embed.OnnxEmbedder;
import dev.nightjar.cachestore.testing.TestPostgres;
import java.io.File;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.sql.Connection;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * As each job on a Flink cluster is: its classes are loaded anew, beside those of the job before,
 * of which the JVM keeps what it loads or looks for once.
 */
class SecondClassLoaderTest {
  private URLClassLoader job;
  private ClassLoader before;

  @BeforeEach
  void open() throws Exception {
    List<URL> classPath = new ArrayList<>();
    for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
      classPath.add(Path.of(entry).toUri().toURL());
    }
    job = new URLClassLoader(classPath.toArray(URL[]::new), ClassLoader.getPlatformClassLoader());
    before = Thread.currentThread().getContextClassLoader();
    Thread.currentThread().setContextClassLoader(job);
  }

  @AfterEach
  void close() throws Exception {
    Thread.currentThread().setContextClassLoader(before);
    job.close();
  }

  @Test
  void itLoadsTheEmbeddingModelToo() throws Exception {
    OnnxEmbedder.load(EmbeddingModel.ALL_MINILM_L6_V2, 1).close();
    Class<?> model = job.loadClass(EmbeddingModel.class.getName());
    try (AutoCloseable itsEmbedder =
        (AutoCloseable)
            job.loadClass(OnnxEmbedder.class.getName())
                .getMethod("load", model, int.class)
                .invoke(null, model.getEnumConstants()[0], 1)) {
      assertThat(itsEmbedder.getClass()).isNotEqualTo(OnnxEmbedder.class);
    }
  }

  @Test
  void itConnectsToTheDatabaseToo() throws Exception {
    DatabaseAddress server = TestPostgres.newDatabase();
    DataSources.open(server, 1, Optional.empty()).close();
    Class<?> address = job.loadClass(DatabaseAddress.class.getName());
    Object same =
        address
            .getConstructor(String.class, int.class, String.class, String.class, String.class)
            .newInstance(
                server.host(),
                server.port(),
                server.database(),
                server.user(),
                server.passwordFile());
    DataSource itsSource =
        (DataSource)
            job.loadClass(DataSources.class.getName())
                .getMethod("open", address, int.class, Optional.class)
                .invoke(null, same, 1, Optional.empty());
    try (AutoCloseable pool = (AutoCloseable) itsSource;
        Connection connection = itsSource.getConnection()) {
      assertThat(connection.isValid(1)).isTrue();
      assertThat(pool).isNotNull();
    }
  }
}
