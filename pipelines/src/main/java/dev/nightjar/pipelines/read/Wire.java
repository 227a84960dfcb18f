package dev.nightjar.pipelines.read;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What a confined reader and its parent say to one another, as bytes. Stateless. */
final class Wire {
  /** Of a string; the longest is a document. */
  private static final int BYTES_MAX = 4 * DocumentReader.DOCUMENT_CHARS_MAX + 1_024;

  static final int ACCEPT = 1;
  static final int DOCUMENT = 2;
  static final int REFUSE = 3;
  static final int ASSUME = 4;
  static final int WRITTEN = 5;
  static final int FAILED = 6;

  private Wire() {}

  static void write(DataOutputStream out, String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    out.writeInt(bytes.length);
    out.write(bytes);
  }

  static String readString(DataInputStream in) throws IOException {
    int length = in.readInt();
    if (length < 0 || length > BYTES_MAX) {
      throw new IOException("a string of " + length + " bytes");
    }
    byte[] bytes = in.readNBytes(length);
    if (bytes.length < length) {
      throw new EOFException();
    }
    return new String(bytes, StandardCharsets.UTF_8);
  }

  static void write(DataOutputStream out, Map<String, String> texts) throws IOException {
    out.writeInt(texts.size());
    for (Map.Entry<String, String> text : texts.entrySet()) {
      write(out, text.getKey());
      write(out, text.getValue());
    }
  }

  static Map<String, String> readMap(DataInputStream in) throws IOException {
    int size = in.readInt();
    Map<String, String> texts = new LinkedHashMap<>();
    for (int i = 0; i < size; i++) {
      String name = readString(in);
      texts.put(name, readString(in));
    }
    return texts;
  }

  static void write(DataOutputStream out, Iterable<String> texts) throws IOException {
    for (String text : texts) {
      out.writeBoolean(true);
      write(out, text);
    }
    out.writeBoolean(false);
  }

  static List<String> readList(DataInputStream in) throws IOException {
    List<String> texts = new ArrayList<>();
    while (in.readBoolean()) {
      texts.add(readString(in));
    }
    return texts;
  }
}
