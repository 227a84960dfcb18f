package dev.nightjar.pipelines.submit;

import dev.nightjar.cachestore.SubmissionStore;
import dev.nightjar.pipelines.model.Provider;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Deletes uploaded requests that nothing will read any more: those of submissions that have ended,
 * and those that a process left behind between its upload and the note of it. Files whose name is
 * no submission of this database are not touched; nor are results, which stay at the provider until
 * they expire, as a second copy of what was paid for. Stateless and thread-safe.
 */
public final class OrphanUploads {
  private static final Logger LOG = LoggerFactory.getLogger(OrphanUploads.class);

  private OrphanUploads() {}

  /**
   * Deletes the orphans at some providers. A provider that does not answer is passed over: the next
   * night looks again.
   *
   * @return how many were deleted
   */
  public static int delete(
      SubmissionStore submissions,
      ProviderClients clients,
      Iterable<Provider> providers,
      Clock clock) {
    int deleted = 0;
    for (Provider provider : providers) {
      ProviderClient client = clients.of(provider);
      try {
        Map<String, String> uploads = client.uploads();
        List<String> orphans = submissions.orphans(uploads, clock.instant());
        for (String orphan : orphans) {
          client.deleteUpload(orphan);
          deleted++;
        }
      } catch (ProviderException e) {
        LOG.info("Uploads at {} were not tidied: {}", provider.label(), e.getMessage());
      }
    }
    return deleted;
  }
}
