package io.github.usage4j.jdbc;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** Stands between a client and a server, and lets the line hang or break. */
final class TcpProxy implements AutoCloseable {

  private final ServerSocket server;
  private final int target;
  private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition goesOn = lock.newCondition();
  private boolean hangs;
  private volatile boolean refuses;
  private volatile boolean closed;

  TcpProxy(int target) throws IOException {
    this.target = target;
    server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    start(this::accept);
  }

  int port() {
    return server.getLocalPort();
  }

  /** Accepts connections, takes what comes, and never answers; until {@link #heal}. */
  void hang() {
    lock.lock();
    hangs = true;
    lock.unlock();
  }

  /** Breaks all connections and refuses new ones; until {@link #heal}. */
  void cut() throws IOException {
    refuses = true;
    breakAll();
  }

  /** Breaks all connections. */
  void breakAll() throws IOException {
    for (Socket socket : sockets) {
      socket.close();
    }
    sockets.clear();
  }

  void heal() {
    refuses = false;
    lock.lock();
    hangs = false;
    goesOn.signalAll();
    lock.unlock();
  }

  private void accept() {
    while (!closed) {
      try {
        Socket client = server.accept();
        if (refuses) {
          client.close();
          continue;
        }
        var upstream = new Socket(InetAddress.getLoopbackAddress(), target);
        sockets.add(client);
        sockets.add(upstream);
        start(() -> pump(client, upstream));
        start(() -> pump(upstream, client));
      } catch (IOException e) {
        // The server is away, or this is closed: the client finds out by itself.
      }
    }
  }

  private void pump(Socket from, Socket to) {
    try (from;
        to) {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      var buffer = new byte[1 << 14];
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        lock.lock();
        try {
          while (hangs) {
            goesOn.awaitUninterruptibly();
          }
        } finally {
          lock.unlock();
        }
        out.write(buffer, 0, read);
      }
    } catch (IOException e) {
      // The line is broken.
    }
  }

  private static void start(Runnable task) {
    var thread = new Thread(task, "tcp-proxy");
    thread.setDaemon(true);
    thread.start();
  }

  @Override
  public void close() throws IOException {
    closed = true;
    heal();
    server.close();
    breakAll();
  }
}
