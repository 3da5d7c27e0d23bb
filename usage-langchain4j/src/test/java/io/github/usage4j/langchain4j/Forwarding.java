package io.github.usage4j.langchain4j;

import java.lang.reflect.Array;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/**
 * Checks that a decorator hands every method of an interface to the same overload of what it
 * decorates, with the same arguments, once. It walks the interface by reflection, so a method that
 * a later version adds is found without anybody thinking of it.
 */
final class Forwarding {

  private Forwarding() {}

  /** One call of the decorated object. */
  private record Call(String method, List<Object> arguments) {}

  /**
   * What is wrong, one line each.
   *
   * @param inherited methods left alone, because their default comes back to one that is forwarded:
   *     each must call that one
   */
  static <T> List<String> problems(
      Class<T> type,
      Function<T, T> decorator,
      Map<String, String> inherited,
      Function<Class<?>, Object> samples) {
    var problems = new ArrayList<String>();
    var seen = new TreeSet<String>();
    for (Method method : type.getMethods()) {
      if (Modifier.isStatic(method.getModifiers()) || !seen.add(signature(method))) {
        continue;
      }
      var calls = new ArrayList<Call>();
      T decorated = decorator.apply(recorder(type, calls, samples));
      Object[] arguments =
          Arrays.stream(method.getParameterTypes()).map(p -> sample(p, samples)).toArray();
      calls.clear();
      try {
        method.invoke(decorated, arguments);
      } catch (ReflectiveOperationException e) {
        Throwable cause = e instanceof InvocationTargetException i ? i.getCause() : e;
        problems.add(signature(method) + " threw " + cause);
        continue;
      }
      String expected = inherited.getOrDefault(signature(method), signature(method));
      List<Call> hits = calls.stream().filter(c -> c.method().equals(expected)).toList();
      if (hits.size() != 1) {
        problems.add(signature(method) + " reached " + calls + " instead of " + expected);
      } else if (!inherited.containsKey(signature(method)) && changed(hits.get(0), arguments)) {
        problems.add(signature(method) + " changed its arguments to " + hits.get(0).arguments());
      } else if (calls.stream().anyMatch(c -> !c.method().equals(expected) && !metadata(c))) {
        problems.add(signature(method) + " reached others too: " + calls);
      }
    }
    return problems;
  }

  /** What an object says of itself may be asked at any time. */
  private static boolean metadata(Call call) {
    return Set.of("provider()", "defaultRequestParameters()", "modelName()")
        .contains(call.method());
  }

  /** A handler or context is wrapped: the kind of object counts, not which. */
  private static boolean changed(Call call, Object[] arguments) {
    for (int i = 0; i < arguments.length; i++) {
      boolean wrapped =
          Set.of(
                  "StreamingChatResponseHandler",
                  "StreamingResponseHandler",
                  "PartialResponseContext",
                  "PartialThinkingContext",
                  "PartialToolCallContext")
              .contains(parameter(call.method(), i));
      if (!wrapped && call.arguments().get(i) != arguments[i]) {
        return true;
      }
    }
    return false;
  }

  private static String parameter(String signature, int index) {
    return signature.substring(signature.indexOf('(') + 1, signature.length() - 1)
        .split(", ")[index];
  }

  static String signature(Method method) {
    return method.getName()
        + Arrays.stream(method.getParameterTypes())
            .map(Class::getSimpleName)
            .collect(java.util.stream.Collectors.joining(", ", "(", ")"));
  }

  static <T> T recorder(Class<T> type, List<?> calls, Function<Class<?>, Object> samples) {
    @SuppressWarnings("unchecked")
    var noted = (List<Call>) calls;
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, arguments) -> {
              if (method.getDeclaringClass() == Object.class) {
                return method.getName().equals("hashCode") ? (Object) 1 : "recorder";
              }
              noted.add(
                  new Call(
                      signature(method), arguments == null ? List.of() : Arrays.asList(arguments)));
              return method.getReturnType() == void.class
                  ? null
                  : sample(method.getReturnType(), samples);
            }));
  }

  private static Object sample(Class<?> type, Function<Class<?>, Object> samples) {
    Object given = samples.apply(type);
    if (given != null) {
      return given;
    }
    if (type == String.class) {
      return new String("text");
    }
    if (type == int.class) {
      return 7;
    }
    if (type == CompletableFuture.class) {
      return new CompletableFuture<>();
    }
    if (type == Object.class || type == Throwable.class) {
      return new Exception("sample");
    }
    if (type.isArray()) {
      Object array = Array.newInstance(type.getComponentType(), 1);
      Array.set(array, 0, sample(type.getComponentType(), samples));
      return array;
    }
    if (type.isInterface()) {
      return Proxy.newProxyInstance(
          type.getClassLoader(), new Class<?>[] {type}, (p, m, a) -> sampleOrNull(m, samples));
    }
    throw new AssertionError("the test needs a sample of " + type);
  }

  private static Object sampleOrNull(Method method, Function<Class<?>, Object> samples) {
    return switch (method.getName()) {
      case "hashCode" -> 1;
      case "equals" -> false;
      case "toString" -> "sample";
      default ->
          method.getReturnType() == boolean.class
              ? (Object) false
              : samples.apply(method.getReturnType());
    };
  }
}
