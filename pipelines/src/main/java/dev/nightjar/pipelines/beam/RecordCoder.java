package dev.nightjar.pipelines.beam;

import dev.nightjar.cachestore.Embedding;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.reflect.Constructor;
import java.lang.reflect.Method;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.beam.sdk.coders.AtomicCoder;
import org.apache.beam.sdk.coders.BooleanCoder;
import org.apache.beam.sdk.coders.Coder;
import org.apache.beam.sdk.coders.CoderException;
import org.apache.beam.sdk.coders.CustomCoder;
import org.apache.beam.sdk.coders.DoubleCoder;
import org.apache.beam.sdk.coders.ListCoder;
import org.apache.beam.sdk.coders.MapCoder;
import org.apache.beam.sdk.coders.OptionalCoder;
import org.apache.beam.sdk.coders.StringUtf8Coder;
import org.apache.beam.sdk.coders.VarIntCoder;
import org.apache.beam.sdk.coders.VarLongCoder;
import org.jspecify.annotations.Nullable;

/**
 * Encodes a record as its components in order. Beam infers no coder for records, and Java
 * serialization writes class descriptors with every element. Components may be strings, numbers,
 * booleans, enums, instants, embeddings, further records, and optionals, lists and maps of those.
 *
 * <p>Immutable and thread-safe; the reflection is done once per deserialized coder.
 */
public final class RecordCoder<T extends Record> extends CustomCoder<T> {
  private static final long serialVersionUID = 1L;

  private final Class<T> type;
  private transient @Nullable Plan<T> plan;

  private record Plan<T>(Constructor<T> constructor, Method[] accessors, Coder<Object>[] coders) {}

  private RecordCoder(Class<T> type) {
    this.type = type;
  }

  /**
   * A coder for a record class.
   *
   * @throws IllegalArgumentException if a component is of a type that it cannot encode
   */
  public static <T extends Record> RecordCoder<T> of(Class<T> type) {
    RecordCoder<T> coder = new RecordCoder<>(type);
    coder.plan();
    return coder;
  }

  private Plan<T> plan() {
    Plan<T> made = plan;
    if (made == null) {
      made = makePlan(type);
      plan = made; // racing threads make equal plans
    }
    return made;
  }

  private static <T> Plan<T> makePlan(Class<T> type) {
    RecordComponent[] components = type.getRecordComponents();
    Class<?>[] types =
        Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new);
    @SuppressWarnings("unchecked")
    Coder<Object>[] coders =
        (Coder<Object>[])
            Arrays.stream(components)
                .map(component -> coderOf(component.getGenericType()))
                .toArray(Coder<?>[]::new);
    try {
      return new Plan<>(
          type.getDeclaredConstructor(types),
          Arrays.stream(components).map(RecordComponent::getAccessor).toArray(Method[]::new),
          coders);
    } catch (NoSuchMethodException e) {
      throw new IllegalStateException("every record has its canonical constructor", e);
    }
  }

  @SuppressWarnings({"unchecked", "rawtypes"})
  private static Coder<?> coderOf(Type type) {
    if (type == String.class) {
      return StringUtf8Coder.of();
    } else if (type == int.class || type == Integer.class) {
      return VarIntCoder.of();
    } else if (type == long.class || type == Long.class) {
      return VarLongCoder.of();
    } else if (type == boolean.class || type == Boolean.class) {
      return BooleanCoder.of();
    } else if (type == double.class || type == Double.class) {
      return DoubleCoder.of();
    } else if (type == Instant.class) {
      return new InstantCoder();
    } else if (type == Embedding.class) {
      return new EmbeddingCoder();
    } else if (type instanceof Class<?> c && c.isEnum()) {
      return new EnumCoder(c);
    } else if (type instanceof Class<?> c && c.isRecord()) {
      return of((Class) c);
    } else if (type instanceof ParameterizedType p) {
      Type[] arguments = p.getActualTypeArguments();
      if (p.getRawType() == Optional.class) {
        return OptionalCoder.of(coderOf(arguments[0]));
      } else if (p.getRawType() == List.class) {
        return ListCoder.of(coderOf(arguments[0]));
      } else if (p.getRawType() == Map.class) {
        return MapCoder.of(coderOf(arguments[0]), coderOf(arguments[1]));
      }
    }
    throw new IllegalArgumentException("no coder for a component of type " + type);
  }

  @Override
  public void encode(T value, OutputStream out) throws IOException {
    Plan<T> plan = plan();
    for (int i = 0; i < plan.coders().length; i++) {
      Object component;
      try {
        component = plan.accessors()[i].invoke(value);
      } catch (ReflectiveOperationException e) {
        throw new CoderException("cannot read a component of " + type.getName(), e);
      }
      plan.coders()[i].encode(component, out);
    }
  }

  @Override
  public T decode(InputStream in) throws IOException {
    Plan<T> plan = plan();
    Object[] components = new Object[plan.coders().length];
    for (int i = 0; i < components.length; i++) {
      components[i] = plan.coders()[i].decode(in);
    }
    try {
      return plan.constructor().newInstance(components);
    } catch (ReflectiveOperationException e) {
      throw new CoderException("cannot make a " + type.getName(), e);
    }
  }

  /**
   * Deterministic if every component is: maps are not ordered, so records with maps are no keys.
   */
  @Override
  public void verifyDeterministic() throws NonDeterministicException {
    for (Coder<Object> coder : plan().coders()) {
      coder.verifyDeterministic();
    }
  }

  @Override
  public boolean consistentWithEquals() {
    return true;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof RecordCoder<?> coder && coder.type == type;
  }

  @Override
  public int hashCode() {
    return type.hashCode();
  }

  private static final class InstantCoder extends AtomicCoder<Instant> {
    private static final long serialVersionUID = 1L;

    @Override
    public void encode(Instant value, OutputStream out) throws IOException {
      VarLongCoder.of().encode(value.getEpochSecond(), out);
      VarIntCoder.of().encode(value.getNano(), out);
    }

    @Override
    public Instant decode(InputStream in) throws IOException {
      return Instant.ofEpochSecond(VarLongCoder.of().decode(in), VarIntCoder.of().decode(in));
    }
  }

  private static final class EmbeddingCoder extends AtomicCoder<Embedding> {
    private static final long serialVersionUID = 1L;

    @Override
    public void encode(Embedding value, OutputStream out) throws IOException {
      VarIntCoder.of().encode(value.dimensions(), out);
      java.nio.ByteBuffer bytes = java.nio.ByteBuffer.allocate(value.dimensions() * Float.BYTES);
      bytes.asFloatBuffer().put(value.toArray());
      out.write(bytes.array());
    }

    @Override
    public Embedding decode(InputStream in) throws IOException {
      float[] values = new float[VarIntCoder.of().decode(in)];
      byte[] bytes = in.readNBytes(values.length * Float.BYTES);
      java.nio.ByteBuffer.wrap(bytes).asFloatBuffer().get(values);
      return Embedding.of(values);
    }
  }

  private static final class EnumCoder<E extends Enum<E>> extends AtomicCoder<E> {
    private static final long serialVersionUID = 1L;
    private final Class<E> type;

    EnumCoder(Class<E> type) {
      this.type = type;
    }

    @Override
    public void encode(E value, OutputStream out) throws IOException {
      StringUtf8Coder.of()
          .encode(value.name(), out); // by name: survives a new constant in the middle
    }

    @Override
    public E decode(InputStream in) throws IOException {
      return Enum.valueOf(type, StringUtf8Coder.of().decode(in));
    }
  }
}
