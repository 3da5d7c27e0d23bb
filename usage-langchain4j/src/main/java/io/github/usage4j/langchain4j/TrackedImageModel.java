package io.github.usage4j.langchain4j;

import dev.langchain4j.data.image.Image;
import dev.langchain4j.model.image.ImageModel;
import dev.langchain4j.model.output.Response;
import io.github.usage4j.UsageEvent.Kind;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** An image model whose calls are recorded: tokens if it states any, and how many images came. */
final class TrackedImageModel implements ImageModel, Tracked {

  private final ImageModel delegate;
  private final Settings settings;
  private final KindCalls<ImageModel> calls;

  TrackedImageModel(ImageModel delegate, Settings settings) {
    this.delegate = delegate;
    this.settings = settings;
    calls = new KindCalls<>(settings, Kind.IMAGE, ImageModel.class, delegate, null);
  }

  @Override
  public Response<Image> generate(String prompt) {
    return calls.make(null, () -> delegate.generate(prompt), this::one);
  }

  @Override
  public Response<List<Image>> generate(String prompt, int n) {
    return calls.make(null, () -> delegate.generate(prompt, n), this::several);
  }

  @Override
  public Response<Image> edit(Image image, String prompt) {
    return calls.make(null, () -> delegate.edit(image, prompt), this::one);
  }

  @Override
  public Response<Image> edit(Image image, Image mask, String prompt) {
    return calls.make(null, () -> delegate.edit(image, mask, prompt), this::one);
  }

  private Answer one(ModelCall call, @Nullable Response<Image> response) {
    return answer(call, response, response == null ? 0 : 1);
  }

  private Answer several(ModelCall call, @Nullable Response<List<Image>> response) {
    return answer(call, response, response == null ? 0 : response.content().size());
  }

  private Answer answer(ModelCall call, @Nullable Response<?> response, int images) {
    if (images > 0) {
      call.unit(KindCalls.IMAGES, images);
    }
    return Answer.of(response, settings);
  }

  @Override
  public Object delegate() {
    return delegate;
  }

  @Override
  public Settings settings() {
    return settings;
  }

  @Override
  public String toString() {
    return "Tracked[" + delegate.getClass().getName() + "]";
  }
}
