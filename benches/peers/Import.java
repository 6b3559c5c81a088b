// Indexes the texts of a file with Lucene's CJK pipeline (CJKAnalyzer: pairs of characters), on as many threads as it is told to:
// java -cp … Import.java TEXTS INDEX THREADS. Each line of TEXTS is an identifier, a title and a text, with tabs between them.

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.apache.lucene.analysis.cjk.CJKAnalyzer;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.Field;
import org.apache.lucene.document.StringField;
import org.apache.lucene.document.TextField;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.store.FSDirectory;

public class Import {
    private static final int BATCH = 1_000;
    private static final double BUFFER_MB = 256;

    public static void main(String[] arguments) throws Exception {
        List<String> lines = Files.readAllLines(Path.of(arguments[0]), StandardCharsets.UTF_8);
        int threads = Integer.parseInt(arguments[2]);
        IndexWriterConfig config = new IndexWriterConfig(new CJKAnalyzer()).setRAMBufferSizeMB(BUFFER_MB);
        ExecutorService workers = Executors.newFixedThreadPool(threads);
        try (IndexWriter writer = new IndexWriter(FSDirectory.open(Path.of(arguments[1])), config)) {
            List<Future<Void>> batches = new ArrayList<>();
            for (int from = 0; from < lines.size(); from += BATCH) {
                List<String> batch = lines.subList(from, Math.min(from + BATCH, lines.size()));
                batches.add(workers.submit((Callable<Void>) () -> {
                    for (String line : batch) {
                        writer.addDocument(document(line));
                    }
                    return null;
                }));
            }
            for (Future<Void> batch : batches) {
                batch.get();
            }
            writer.commit();
        } finally {
            workers.shutdown();
        }
    }

    private static Document document(String line) {
        String[] parts = line.split("\t", 3);
        Document document = new Document();
        document.add(new StringField("id", parts[0], Field.Store.YES));
        document.add(new TextField("title", parts[1], Field.Store.YES));
        document.add(new TextField("text", parts[2], Field.Store.YES));
        return document;
    }
}
