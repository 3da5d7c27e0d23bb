package io.github.usage4j.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;

import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Without any provider's jar, and without LangChain4j's HTTP client, everything else works. */
class AbsentProvidersTest {

  private static final List<String> ABSENT =
      List.of(
          "dev.langchain4j.http.",
          "dev.langchain4j.model.openai.",
          "dev.langchain4j.model.anthropic.",
          "dev.langchain4j.model.googleai.",
          "dev.langchain4j.model.bedrock.",
          "dev.langchain4j.model.mistralai.",
          "software.amazon.awssdk.");

  /** Loads everything anew, but for what is absent. */
  private static final class Without extends ClassLoader {
    Without() {
      super(ClassLoader.getPlatformClassLoader());
    }

    @Override
    protected Class<?> findClass(String name) throws ClassNotFoundException {
      if (ABSENT.stream().anyMatch(name::startsWith)) {
        throw new ClassNotFoundException(name);
      }
      String file = name.replace('.', '/') + ".class";
      try (InputStream in = AbsentProvidersTest.class.getClassLoader().getResourceAsStream(file)) {
        if (in == null) {
          throw new ClassNotFoundException(name);
        }
        byte[] bytes = in.readAllBytes();
        return defineClass(name, bytes, 0, bytes.length);
      } catch (IOException e) {
        throw new ClassNotFoundException(name, e);
      }
    }

    @Override
    protected @Nullable URL findResource(String name) {
      return AbsentProvidersTest.class.getClassLoader().getResource(name);
    }
  }

  /** Runs inside that loader. */
  public static final class Probe implements Supplier<String> {
    @Override
    public String get() {
      // as a container looks at it
      assertThat(TrackedModels.class.getDeclaredMethods()).isNotEmpty();
      var ledger = new Ledger();
      ledger.models.wrap(Fakes.chat(Fakes.text(Fakes.tokens(10, 1)))).chat("hi");
      StreamingChatModel streaming =
          Fakes.streaming(Runnable::run, Fakes.script(Fakes.text(Fakes.tokens(20, 2))));
      ledger
          .models
          .wrap(streaming)
          .chat(
              "hi",
              new StreamingChatResponseHandler() {
                @Override
                public void onCompleteResponse(ChatResponse response) {}

                @Override
                public void onError(Throwable error) {}
              });
      ledger.models.wrap(new EmbeddingModelTest.Fake()).embed("one");
      return ledger.figures() + " anomalies " + ledger.anomalies;
    }
  }

  @Test
  void absentJars_areNotMissed() throws Exception {
    Object probe =
        new Without().loadClass(Probe.class.getName()).getDeclaredConstructor().newInstance();

    assertThat(((Supplier<?>) probe).get()).isEqualTo("[10/1, 20/2, 1/null] anomalies 0");
  }
}
