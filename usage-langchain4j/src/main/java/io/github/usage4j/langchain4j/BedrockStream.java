package io.github.usage4j.langchain4j;

import io.github.usage4j.langchain4j.internal.EventStreamDecoder;
import io.github.usage4j.provider.InvokedUsage;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.reactivestreams.Publisher;
import org.reactivestreams.Subscriber;
import org.reactivestreams.Subscription;

/** Reads the bytes of a streamed answer of Bedrock before they are handed on as they are. */
final class BedrockStream implements Subscriber<ByteBuffer>, EventStreamDecoder.Frames {

  /** In which a Converse states its usage. */
  private static final String METADATA = "metadata";

  /** In which a model that is called in its own format says everything. */
  private static final String CHUNK = "chunk";

  private final Subscriber<? super ByteBuffer> subscriber;
  private final WireExchange exchange;
  private final EventStreamDecoder decoder = new EventStreamDecoder(this);

  private BedrockStream(Subscriber<? super ByteBuffer> subscriber, WireExchange exchange) {
    this.subscriber = subscriber;
    this.exchange = exchange;
  }

  /** The same bytes, which are read as they pass by. */
  record Watched(Publisher<ByteBuffer> source, WireExchange exchange)
      implements Publisher<ByteBuffer> {

    @Override
    public void subscribe(Subscriber<? super ByteBuffer> subscriber) {
      source.subscribe(subscriber == null ? subscriber : new BedrockStream(subscriber, exchange));
    }
  }

  @Override
  public void onSubscribe(Subscription subscription) {
    subscriber.onSubscribe(subscription);
  }

  @Override
  public void onNext(ByteBuffer piece) {
    exchange.heard();
    read(() -> decoder.feed(piece));
    subscriber.onNext(piece);
  }

  @Override
  public void onError(Throwable error) {
    exchange.failed(error);
    subscriber.onError(error);
  }

  @Override
  public void onComplete() {
    read(decoder::end);
    exchange.ended();
    subscriber.onComplete();
  }

  private void read(Runnable reading) {
    try {
      reading.run();
    } catch (RuntimeException | LinkageError e) {
      exchange.problem(e);
    }
  }

  @Override
  public boolean wants(String eventType) {
    return eventType.equals(METADATA) || eventType.equals(CHUNK);
  }

  @Override
  public void frame(String eventType, byte[] payload, int length) {
    exchange.piece(
        usage -> {
          if (eventType.equals(CHUNK) && usage instanceof InvokedUsage invoked) {
            invoked.chunk(payload, length);
          } else {
            usage.read(payload, length);
          }
        });
  }

  @Override
  public void broken(String what) {
    exchange.problem(new IOException(what));
  }
}
