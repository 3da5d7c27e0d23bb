package io.github.usage4j.langchain4j;

import dev.langchain4j.model.chat.response.ChatModelStreamingEvent;
import dev.langchain4j.model.chat.response.CompleteResponse;
import dev.langchain4j.model.chat.response.PartialResponse;
import dev.langchain4j.model.chat.response.PartialThinking;
import dev.langchain4j.model.chat.response.PartialToolCall;
import dev.langchain4j.model.chat.response.RawStreamingEvent;
import java.util.concurrent.Executor;
import java.util.concurrent.Flow.Publisher;
import java.util.concurrent.Flow.Subscriber;
import java.util.concurrent.Flow.Subscription;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A cold stream: each subscription is a call of the model. Who was known when it was made is who
 * pays, because it may be subscribed on another thread, after the scope was closed; else who is
 * known where it is subscribed.
 */
final class TrackedPublisher implements Publisher<ChatModelStreamingEvent> {

  private final Publisher<ChatModelStreamingEvent> source;
  private final Object identity;
  private final Supplier<ModelCall> start;
  private final Executor asMade;

  TrackedPublisher(
      Publisher<ChatModelStreamingEvent> source,
      Settings settings,
      Object identity,
      Supplier<ModelCall> start) {
    this.source = source;
    this.identity = identity;
    this.start = start;
    Executor captured = settings.quietly(() -> settings.tracker().captured());
    asMade = captured == null ? Runnable::run : captured;
  }

  @Override
  public void subscribe(Subscriber<? super ChatModelStreamingEvent> subscriber) {
    if (subscriber == null) {
      source.subscribe(subscriber); // the source says that this is wrong
      return;
    }
    var started = new ModelCall[1];
    asMade.execute(() -> started[0] = start.get());
    if (started[0].toldRefusal(why -> refuse(subscriber, why))) {
      return;
    }
    var stream = new StreamEnd(started[0]);
    try {
      started[0].handOn(
          identity,
          () -> {
            source.subscribe(new TrackedSubscriber(subscriber, stream));
            return stream;
          });
    } catch (Throwable e) {
      stream.failedAtOnce(e);
      throw e;
    }
  }

  /** A subscriber is given a subscription before anything else. */
  private static void refuse(
      Subscriber<? super ChatModelStreamingEvent> subscriber, Throwable why) {
    subscriber.onSubscribe(
        new Subscription() {
          @Override
          public void request(long n) {
            // nothing comes
          }

          @Override
          public void cancel() {
            // nothing to stop
          }
        });
    subscriber.onError(why);
  }

  private static final class TrackedSubscriber implements Subscriber<ChatModelStreamingEvent> {

    private final Subscriber<? super ChatModelStreamingEvent> subscriber;
    private final StreamEnd stream;

    TrackedSubscriber(Subscriber<? super ChatModelStreamingEvent> subscriber, StreamEnd stream) {
      this.subscriber = subscriber;
      this.stream = stream;
    }

    @Override
    public void onSubscribe(Subscription subscription) {
      var tracked = subscription == null ? null : new TrackedSubscription(subscription, stream);
      stream.within(() -> subscriber.onSubscribe(tracked));
    }

    /** A source need not go on when its subscriber throws, nor say anything: then nobody would. */
    @Override
    public void onNext(ChatModelStreamingEvent event) {
      try {
        handOn(event);
      } catch (Throwable e) {
        stream.threw(e);
        throw e;
      }
    }

    private void handOn(ChatModelStreamingEvent event) {
      if (event instanceof CompleteResponse complete) {
        stream.completed(complete.chatResponse());
        stream.within(() -> subscriber.onNext(event));
      } else if (event instanceof RawStreamingEvent) {
        stream.heard();
        stream.within(() -> subscriber.onNext(event));
      } else {
        stream.piece(textOf(event), () -> subscriber.onNext(event));
      }
    }

    private static @Nullable String textOf(ChatModelStreamingEvent event) {
      if (event instanceof PartialResponse part) {
        return part.text();
      }
      if (event instanceof PartialThinking part) {
        return part.text();
      }
      return event instanceof PartialToolCall part ? part.partialArguments() : null;
    }

    @Override
    public void onError(Throwable error) {
      stream.failedAtOnce(error);
      stream.within(() -> subscriber.onError(error));
    }

    @Override
    public void onComplete() {
      stream.over();
      stream.within(subscriber::onComplete);
    }
  }

  private record TrackedSubscription(Subscription subscription, StreamEnd stream)
      implements Subscription {

    @Override
    public void request(long n) {
      stream.heard(); // a slow reader is not a dead one
      subscription.request(n);
    }

    @Override
    public void cancel() {
      subscription.cancel();
      stream.cancelled();
    }
  }
}
