// SPDX-License-Identifier: BSD-2-Clause

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32;
import org.zeromq.ZMQ;

/**
 * One side of an exchange of messages, by JeroMQ. It takes the arguments of peer.c, without SECURITY,
 * and the endpoint to bind has a port.
 */
public class Peer {
    static final int LIMIT = 60000; // milliseconds until the program is ended, whatever it does
    static final int WAIT = 20000; // milliseconds for one call
    static final int WINDOW = 64; // requests that are on their way
    static final int[] LARGE = {0, 1, 33, 34, 255, 256, 257, 8191, 8192, 8193, 65536, 1 << 20};
    static final int[] SMALL = {0, 1, 7, 20, 33, 34};

    static void die(String text) {
        System.err.println("peer: " + text);
        Runtime.getRuntime().halt(1);
    }

    static List<byte[]> message(int i) {
        List<byte[]> parts = new ArrayList<>();
        CRC32 crc = new CRC32();
        int[] sizes = i % 10000 < LARGE.length ? LARGE : SMALL;
        for (int k = 0; k < i % 4; k++) {
            byte[] part = new byte[sizes[(i + 5 * k) % sizes.length]];
            for (int j = 0; j < part.length; j++) part[j] = (byte) (i + 7 * k + j);
            crc.update(ByteBuffer.allocate(4).putInt(part.length).array());
            crc.update(part);
            parts.add(part);
        }
        parts.add(0, ByteBuffer.allocate(13).put((byte) 'm').putLong(i).putInt((int) crc.getValue()).array());
        return parts;
    }

    static void send(ZMQ.Socket s, List<byte[]> parts) {
        for (int k = 0; k < parts.size(); k++)
            if (!s.send(parts.get(k), k + 1 < parts.size() ? ZMQ.SNDMORE : 0)) die("send: not within " + WAIT + " ms");
    }

    static List<byte[]> recv(ZMQ.Socket s, int i) {
        List<byte[]> parts = new ArrayList<>();
        do {
            byte[] part = s.recv(0);
            if (part == null) die("receive, message " + i + ": nothing within " + WAIT + " ms");
            parts.add(part);
        } while (s.hasReceiveMore());
        return parts;
    }

    static void check(List<byte[]> parts, int i) {
        List<byte[]> want = message(i);
        if (parts.size() != want.size()) die("message " + i + " has " + parts.size() + " parts");
        for (int k = 0; k < want.size(); k++)
            if (!Arrays.equals(parts.get(k), want.get(k))) die("message " + i + ", part " + k + " is wrong");
    }

    public static void main(String[] args) throws Exception {
        Thread.setDefaultUncaughtExceptionHandler((thread, e) -> {
            e.printStackTrace();
            die("failed");
        });
        Thread limit = new Thread(() -> {
            try {
                Thread.sleep(LIMIT);
            } catch (InterruptedException e) {
            }
            die("still running");
        });
        limit.setDaemon(true);
        limit.start();
        int type = ZMQ.class.getField(args[0]).getInt(null);
        String endpoint = args[2], role = args[3];
        int count = Integer.parseInt(args[4]);
        ZMQ.Context ctx = ZMQ.context(1);
        ZMQ.Socket s = ctx.socket(type);
        s.setReceiveTimeOut(WAIT);
        s.setSendTimeOut(WAIT);
        if (type == ZMQ.SUB) s.subscribe("m".getBytes());
        if (type == ZMQ.PUB || type == ZMQ.XPUB || type == ZMQ.SUB || type == ZMQ.XSUB) s.setHWM(0);
        if (args[1].equals("bind")) {
            if (endpoint.endsWith(":*")) endpoint = endpoint.replace("*", "" + s.bindToRandomPort(endpoint.replace(":*", "")));
            else s.bind(endpoint);
        } else {
            s.connect(endpoint);
        }
        if (type == ZMQ.XSUB) s.send(new byte[] {1, 'm'}, 0);
        System.out.println("endpoint " + endpoint);
        switch (role) {
            case "echo":
                for (int i = 0; i < count; i++) send(s, recv(s, i));
                break;
            case "request":
                for (int i = 0, sent = 0; i < count; i++) {
                    for (; sent < count && sent < i + (type == ZMQ.REQ ? 1 : WINDOW); sent++) send(s, message(sent));
                    check(recv(s, i), i);
                }
                break;
            case "send":
                if (type == ZMQ.XPUB && !Arrays.equals(s.recv(0), new byte[] {1, 'm'})) die("not a subscription");
                if (type == ZMQ.PUB) {
                    while (System.in.available() == 0) {
                        s.send("m".getBytes(), 0);
                        Thread.sleep(1);
                    }
                }
                for (int i = 0; i < count; i++) {
                    if ((type == ZMQ.PUB || type == ZMQ.XPUB) && i % 100 == 0) s.send("not subscribed".getBytes(), 0);
                    send(s, message(i));
                }
                break;
            case "recv":
                boolean synced = false;
                for (int i = 0; i < count; ) {
                    List<byte[]> parts = recv(s, i);
                    if (type == ZMQ.ROUTER) parts.remove(0);
                    if (parts.size() == 1 && parts.get(0).length == 1) {
                        if (!synced) System.out.println("synced");
                        synced = true;
                        continue;
                    }
                    check(parts, i++);
                }
                break;
            default:
                die("unknown role: " + role);
        }
        while (System.in.read() >= 0) {} // the other side has got everything
        s.close();
        ctx.term();
        System.out.println("ok");
        System.exit(0);
    }
}
