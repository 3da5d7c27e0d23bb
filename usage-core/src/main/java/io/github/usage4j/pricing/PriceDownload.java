package io.github.usage4j.pricing;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A file behind an address. One at a time reads it; it is only transferred again once it changed,
 * where the server says so (RFC 9110, 13.1).
 */
final class PriceDownload implements PriceOrigin {

  static final Duration TIMEOUT = Duration.ofSeconds(30);

  private static final int MOST_REDIRECTS = 3;
  private static final int CHUNK = 1 << 16;
  private static final int PERMANENT_REDIRECT = 308;
  private static final int TEMPORARY_REDIRECT = 307;

  private final URI address;
  private final Duration timeout;
  private Tags inForce = Tags.NONE;
  private Tags last = Tags.NONE;

  /** How the server tells versions of the file apart. */
  private record Tags(@Nullable String etag, @Nullable String modified) {
    static final Tags NONE = new Tags(null, null);
  }

  /**
   * @param timeout for connecting, for each wait, and for all of it
   * @throws IllegalArgumentException if the address is none of HTTP
   */
  PriceDownload(URI address, Duration timeout) {
    if (!isHttp(address)) {
      throw new IllegalArgumentException(
          "the address of a price list must begin with https:// or http:// and name a host, but"
              + " was "
              + address);
    }
    this.address = address;
    this.timeout = timeout;
  }

  private static boolean isHttp(URI uri) {
    return ("https".equalsIgnoreCase(uri.getScheme()) || "http".equalsIgnoreCase(uri.getScheme()))
        && uri.getHost() != null;
  }

  @Override
  public String where() {
    return withoutSecrets(address);
  }

  /** Without user, query and fragment, which may hold what does not belong into logs. */
  private static String withoutSecrets(URI uri) {
    String port = uri.getPort() < 0 ? "" : ":" + uri.getPort();
    String path = uri.getRawPath() == null ? "" : uri.getRawPath();
    return uri.getScheme() + "://" + uri.getHost() + port + path;
  }

  @Override
  public synchronized @Nullable Read read() throws IOException {
    long end = System.nanoTime() + timeout.toNanos();
    URI at = address;
    for (int redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
      HttpURLConnection connection = open(at, end);
      try {
        int status = connection.getResponseCode();
        if (status == HttpURLConnection.HTTP_NOT_MODIFIED) {
          return null;
        }
        if (status == HttpURLConnection.HTTP_OK) {
          return received(connection, end);
        }
        if (!isRedirect(status)) {
          throw new IOException("the server answered " + status);
        }
        at = redirected(at, connection.getHeaderField("Location"));
      } finally {
        connection.disconnect();
      }
    }
    throw new IOException("there are more than " + MOST_REDIRECTS + " redirects");
  }

  @Override
  public synchronized void accepted() {
    inForce = last;
  }

  private HttpURLConnection open(URI at, long end) throws IOException {
    if (!(at.toURL().openConnection() instanceof HttpURLConnection connection)) {
      throw new IOException("no HTTP: " + withoutSecrets(at));
    }
    int wait = (int) Math.max(1, Duration.ofNanos(left(end)).toMillis());
    connection.setConnectTimeout(wait);
    connection.setReadTimeout(wait);
    connection.setInstanceFollowRedirects(false);
    connection.setUseCaches(false);
    connection.setRequestProperty("Accept", "application/json");
    if (inForce.etag() != null) {
      connection.setRequestProperty("If-None-Match", inForce.etag());
    } else if (inForce.modified() != null) {
      connection.setRequestProperty("If-Modified-Since", inForce.modified());
    }
    return connection;
  }

  private static boolean isRedirect(int status) {
    return status == HttpURLConnection.HTTP_MOVED_PERM
        || status == HttpURLConnection.HTTP_MOVED_TEMP
        || status == HttpURLConnection.HTTP_SEE_OTHER
        || status == TEMPORARY_REDIRECT
        || status == PERMANENT_REDIRECT;
  }

  /** Where HTTPS was asked for, nothing is taken from an address without. */
  private static URI redirected(URI from, @Nullable String location) throws IOException {
    URI to;
    try {
      to = from.resolve(new URI(location == null ? "" : location));
    } catch (URISyntaxException e) {
      throw new IOException("the server redirects to no address", e);
    }
    boolean secure = "https".equalsIgnoreCase(to.getScheme());
    if (!isHttp(to) || ("https".equalsIgnoreCase(from.getScheme()) && !secure)) {
      throw new IOException("the server redirects to " + withoutSecrets(to));
    }
    return to;
  }

  private Read received(HttpURLConnection connection, long end) throws IOException {
    long announced = connection.getContentLengthLong();
    if (announced > MAX_BYTES) {
      throw new IOException("it has " + announced + " bytes, more than " + MAX_BYTES);
    }
    byte[] content = content(connection.getInputStream(), end);
    if (announced >= 0 && content.length != announced) {
      throw new IOException("it ends after " + content.length + " of " + announced + " bytes");
    }
    last = new Tags(connection.getHeaderField("ETag"), connection.getHeaderField("Last-Modified"));
    long modified = connection.getLastModified();
    long day = modified == 0 ? connection.getDate() : modified;
    String path = address.getPath() == null ? "" : address.getPath();
    String name = path.substring(path.lastIndexOf('/') + 1).toLowerCase(Locale.ROOT);
    return new Read(
        content,
        name.isBlank() ? address.getHost() : name,
        LocalDate.ofInstant(Instant.ofEpochMilli(day), ZoneOffset.UTC));
  }

  private static byte[] content(InputStream body, long end) throws IOException {
    var content = new ByteArrayOutputStream();
    try (InputStream in = body) {
      byte[] chunk = new byte[CHUNK];
      for (int read = in.read(chunk); read >= 0; read = in.read(chunk)) {
        content.write(chunk, 0, read);
        if (content.size() > MAX_BYTES) {
          throw new IOException("it has more than " + MAX_BYTES + " bytes");
        }
        left(end);
      }
    }
    return content.toByteArray();
  }

  /** How long it may still take. */
  private static long left(long end) throws IOException {
    long left = end - System.nanoTime();
    if (left <= 0) {
      throw new SocketTimeoutException("it takes too long");
    }
    return left;
  }
}
