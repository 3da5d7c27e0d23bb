package io.github.usage4j.langchain4j;

import dev.langchain4j.http.client.HttpClient;
import dev.langchain4j.http.client.HttpClientBuilder;
import dev.langchain4j.http.client.HttpRequest;
import dev.langchain4j.http.client.SuccessfulHttpResponse;
import dev.langchain4j.http.client.sse.ServerSentEvent;
import dev.langchain4j.http.client.sse.ServerSentEventListener;
import io.github.usage4j.provider.RawUsage;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Proxy;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Flow.Publisher;
import java.util.concurrent.Flow.Subscriber;
import java.util.concurrent.Flow.Subscription;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Decorates LangChain4j's HTTP client. By reflection, because its interfaces grow: a class that was
 * compiled against this version would not hand on the methods of the next one, and models of that
 * version would fail with it.
 */
final class WireHttp {

  private WireHttp() {}

  static HttpClientBuilder decorate(HttpClientBuilder http) {
    return isOurs(http, BuilderHandler.class)
        ? http
        : (HttpClientBuilder) proxy(new BuilderHandler(http), HttpClientBuilder.class);
  }

  private static HttpClient decorate(HttpClient http) {
    if (isOurs(http, ClientHandler.class)) {
      return http;
    }
    return (HttpClient) proxy(new ClientHandler(http), HttpClient.class);
  }

  private static boolean isOurs(Object http, Class<?> handler) {
    return Proxy.isProxyClass(http.getClass())
        && handler.isInstance(Proxy.getInvocationHandler(http));
  }

  /** An object that is everything the delegate is, as far as interfaces go. */
  private static Object proxy(Handler handler, Class<?> type) {
    var types = new LinkedHashSet<Class<?>>(Set.of(type));
    for (Class<?> c = handler.delegate.getClass(); c != null; c = c.getSuperclass()) {
      Stream.of(c.getInterfaces())
          .filter(i -> Modifier.isPublic(i.getModifiers()) && !i.isSealed())
          .forEach(types::add);
    }
    try {
      ClassLoader loader = handler.delegate.getClass().getClassLoader();
      return Proxy.newProxyInstance(loader, types.toArray(Class<?>[]::new), handler);
    } catch (IllegalArgumentException e) { // not all of them can be seen from one place
      return Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler);
    }
  }

  /** Hands on every method as it is, unless a subclass does more. */
  private abstract static class Handler implements InvocationHandler {

    final Object delegate;

    Handler(Object delegate) {
      this.delegate = delegate;
    }

    @Override
    @SuppressWarnings("ReferenceEquality") // a proxy equals itself
    public final @Nullable Object invoke(
        Object proxy, Method method, @Nullable Object @Nullable [] arguments) throws Throwable {
      Object[] given = arguments == null ? new Object[0] : arguments;
      if (method.getDeclaringClass() == Object.class) {
        return switch (method.getName()) {
          case "equals" -> proxy == given[0];
          case "hashCode" -> System.identityHashCode(proxy);
          default -> "UsageHttpClient[" + delegate.getClass().getName() + "]";
        };
      }
      return handOn(proxy, method, given);
    }

    abstract @Nullable Object handOn(Object proxy, Method method, @Nullable Object[] arguments)
        throws Throwable;

    final @Nullable Object call(Method method, @Nullable Object[] arguments) throws Throwable {
      try {
        return method.invoke(delegate, arguments);
      } catch (InvocationTargetException e) {
        throw e.getCause() == null ? e : e.getCause();
      }
    }
  }

  /** Models call setters and build in one chain, which must not lead out of the decoration. */
  private static final class BuilderHandler extends Handler {

    BuilderHandler(HttpClientBuilder delegate) {
      super(delegate);
    }

    @Override
    @Nullable Object handOn(Object proxy, Method method, @Nullable Object[] arguments)
        throws Throwable {
      Object result = call(method, arguments);
      if (result == delegate) {
        return proxy;
      }
      if (result instanceof HttpClientBuilder other) {
        return decorate(other);
      }
      return result instanceof HttpClient client ? decorate(client) : result;
    }
  }

  private static final class ClientHandler extends Handler {

    ClientHandler(HttpClient delegate) {
      super(delegate);
    }

    @Override
    @Nullable Object handOn(Object proxy, Method method, @Nullable Object[] arguments)
        throws Throwable {
      if (!takesRequest(arguments)) {
        return call(method, arguments);
      }
      WireCapture capture = Reentry.capture();
      if (Publisher.class.isAssignableFrom(method.getReturnType())) {
        Object stream = quietly(method, arguments);
        return stream instanceof Publisher<?> source ? watched(source, capture) : stream;
      }
      WireExchange exchange = WireCapture.begin(capture);
      if (exchange == null) {
        return call(method, arguments);
      }
      Object result;
      try {
        result = quietly(method, listening(arguments, exchange));
      } catch (Throwable e) {
        exchange.failed(e);
        throw e;
      }
      if (result instanceof SuccessfulHttpResponse response) {
        scan(response, exchange);
      } else if (result instanceof CompletableFuture<?> future) {
        return dependent(future, exchange);
      }
      return result;
    }

    /** A decorated client further in must not count the exchange again. */
    private @Nullable Object quietly(Method method, @Nullable Object[] arguments) throws Throwable {
      Reentry.Handing before = Reentry.pauseCapture();
      try {
        return call(method, arguments);
      } finally {
        Reentry.resumeCapture(before);
      }
    }

    private static boolean takesRequest(@Nullable Object[] arguments) {
      for (Object argument : arguments) {
        if (argument instanceof HttpRequest) {
          return true;
        }
      }
      return false;
    }

    private static @Nullable Object[] listening(
        @Nullable Object[] arguments, WireExchange exchange) {
      Object[] replaced = arguments.clone();
      for (int i = 0; i < replaced.length; i++) {
        if (replaced[i] instanceof ServerSentEventListener listener) {
          replaced[i] =
              proxy(new ListenerHandler(listener, exchange), ServerSentEventListener.class);
        }
      }
      return replaced;
    }
  }

  /** Reads an event before it is handed on: some clients end the call in there. */
  private static final class ListenerHandler extends Handler {

    private final WireExchange exchange;

    ListenerHandler(ServerSentEventListener delegate, WireExchange exchange) {
      super(delegate);
      this.exchange = exchange;
    }

    @Override
    @Nullable Object handOn(Object proxy, Method method, @Nullable Object[] arguments)
        throws Throwable {
      if (arguments.length > 0) {
        see(arguments[0], exchange);
      } else if (method.getName().equals("onClose")) {
        exchange.ended();
      }
      return call(method, arguments);
    }
  }

  private static void see(@Nullable Object piece, WireExchange exchange) {
    if (piece instanceof ServerSentEvent event) {
      exchange.event(event.data());
    } else if (piece instanceof Throwable error) {
      exchange.failed(error);
    } else {
      exchange.opened(); // the head of the answer
    }
  }

  /**
   * A future that depends on the client's: whoever waits for it finds the answer read, which an
   * action registered on the client's own would not ensure. Cancelling it cancels the client's.
   */
  private static <T> CompletableFuture<T> dependent(
      CompletableFuture<T> source, WireExchange exchange) {
    var result = new CompletableFuture<T>();
    var unusedCancelling =
        result.whenComplete(
            (value, error) -> {
              if (result.isCancelled()) {
                source.cancel(true);
              }
            });
    var unusedScanning =
        source.whenComplete(
            (value, error) -> {
              if (error != null) {
                exchange.failed(error);
                result.completeExceptionally(error);
              } else {
                if (value instanceof SuccessfulHttpResponse response) {
                  scan(response, exchange);
                }
                result.complete(value);
              }
            });
    return result;
  }

  private static <T> Publisher<T> watched(Publisher<T> source, @Nullable WireCapture made) {
    return new WirePublisher<>(source, made);
  }

  /**
   * A cold stream: each subscription is an exchange, of the call that subscribes or that made it.
   */
  private record WirePublisher<T>(Publisher<T> source, @Nullable WireCapture made)
      implements Publisher<T> {

    @Override
    public void subscribe(Subscriber<? super T> subscriber) {
      WireCapture here = Reentry.capture();
      WireExchange exchange = WireCapture.begin(here == null ? made : here);
      if (exchange == null || subscriber == null) {
        source.subscribe(subscriber);
        return;
      }
      Reentry.Handing before = Reentry.pauseCapture();
      try {
        source.subscribe(new WireSubscriber<>(subscriber, exchange));
      } finally {
        Reentry.resumeCapture(before);
      }
    }
  }

  private record WireSubscriber<T>(Subscriber<? super T> subscriber, WireExchange exchange)
      implements Subscriber<T> {

    @Override
    public void onSubscribe(Subscription subscription) {
      subscriber.onSubscribe(subscription);
    }

    @Override
    public void onNext(T item) {
      see(item, exchange);
      subscriber.onNext(item);
    }

    @Override
    public void onError(Throwable error) {
      exchange.failed(error);
      subscriber.onError(error);
    }

    @Override
    public void onComplete() {
      exchange.ended();
      subscriber.onComplete();
    }
  }

  private static void scan(SuccessfulHttpResponse response, WireExchange exchange) {
    try {
      String type = contentType(response);
      // Audio and images are not looked at.
      if (type.isBlank() || type.contains("json") || type.startsWith("text/")) {
        exchange.body(reading(response), type.contains("json"));
      } else {
        exchange.ended();
      }
    } catch (RuntimeException | LinkageError e) {
      exchange.unreadable(e);
    }
  }

  private static Consumer<RawUsage> reading(SuccessfulHttpResponse response) {
    try {
      byte[] bytes = response.bodyBytes();
      return usage -> usage.read(bytes == null ? new byte[0] : bytes);
    } catch (NoSuchMethodError e) { // before 1.18
      String body = response.body();
      return usage -> usage.read(body == null ? "" : body);
    }
  }

  private static String contentType(SuccessfulHttpResponse response) {
    Map<String, List<String>> headers = response.headers();
    if (headers != null) {
      for (Map.Entry<String, List<String>> header : headers.entrySet()) {
        List<String> values = header.getValue();
        if ("content-type".equalsIgnoreCase(header.getKey()) && values != null) {
          return values.isEmpty() || values.get(0) == null
              ? ""
              : values.get(0).toLowerCase(Locale.ROOT);
        }
      }
    }
    return "";
  }
}
