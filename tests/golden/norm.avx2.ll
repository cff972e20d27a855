@data0 = private unnamed_addr constant [3 x i64] [i64 19, i64 7, i64 8], align 64
@data1 = private unnamed_addr constant [1 x ptr] [ptr null], align 64
@data2 = private unnamed_addr constant [1 x ptr] [ptr @sum_0], align 64
@data3 = private unnamed_addr constant [2 x ptr] [ptr @data0, ptr @data1], align 64
@data4 = private unnamed_addr constant [3 x i64] [i64 1, i64 1, i64 0], align 64
@context = internal global ptr null, align 64
declare i64 @llvm.expect.i64(i64, i64)
declare float @llvm.sqrt.f32(float)
declare void @llvm.x86.sse2.pause()
declare i64 @llvm.umin.i64(i64, i64)
define internal void @sum_0(ptr %context, i64 %thread, i64 %lo, i64 %hi, i64 %step, ptr %numbers, ptr %addresses) nounwind noinline {
entry:
  %v1 = getelementptr inbounds i64, ptr %numbers, i64 0
  %v2 = load i64, ptr %v1, align 8
  %v3 = and i64 %v2, -8
  %v7 = getelementptr inbounds i64, ptr %numbers, i64 1
  %v8 = load i64, ptr %v7, align 8
  %v9 = getelementptr inbounds i64, ptr %context, i64 %v8
  %v10 = load ptr, ptr %v9, align 8
  %v5.any = icmp slt i64 0, %v3
  br i1 %v5.any, label %loop4.body, label %loop4.end
loop4.body:
  %v5 = phi i64 [ 0, %entry ], [ %v5.next, %loop4.body ]
  %v6 = phi <8 x double> [ splat (double 0x8000000000000000), %entry ], [ %v15, %loop4.body ]
  %v11 = getelementptr inbounds float, ptr %v10, i64 %v5
  %v12 = load <8 x float>, ptr %v11, align 1
  %v13 = fmul <8 x float> %v12, %v12
  %v14 = fpext <8 x float> %v13 to <8 x double>
  %v15 = fadd <8 x double> %v6, %v14
  %v5.sum = add nuw nsw i64 %v5, 8
  %v5.next = call i64 @llvm.expect.i64(i64 %v5.sum, i64 8)
  %v5.more = icmp slt i64 %v5.next, %v3
  br i1 %v5.more, label %loop4.body, label %loop4.end
loop4.end:
  %v6.end = phi <8 x double> [ splat (double 0x8000000000000000), %entry ], [ %v15, %loop4.body ]
  %v16 = shufflevector <8 x double> %v6.end, <8 x double> %v6.end, <4 x i32> <i32 0, i32 1, i32 2, i32 3>
  %v17 = shufflevector <8 x double> %v6.end, <8 x double> %v6.end, <4 x i32> <i32 4, i32 5, i32 6, i32 7>
  %v18 = fadd <4 x double> %v16, %v17
  %v19 = shufflevector <4 x double> %v18, <4 x double> %v18, <2 x i32> <i32 0, i32 1>
  %v20 = shufflevector <4 x double> %v18, <4 x double> %v18, <2 x i32> <i32 2, i32 3>
  %v21 = fadd <2 x double> %v19, %v20
  %v22 = extractelement <2 x double> %v21, i64 0
  %v23 = extractelement <2 x double> %v21, i64 1
  %v24 = fadd double %v22, %v23
  %v26.any = icmp slt i64 %v3, %v2
  br i1 %v26.any, label %loop25.body, label %loop25.end
loop25.body:
  %v26 = phi i64 [ %v3, %loop4.end ], [ %v26.next, %loop25.body ]
  %v27 = phi double [ %v24, %loop4.end ], [ %v32, %loop25.body ]
  %v28 = getelementptr inbounds float, ptr %v10, i64 %v26
  %v29 = load float, ptr %v28, align 1
  %v30 = fmul float %v29, %v29
  %v31 = fpext float %v30 to double
  %v32 = fadd double %v27, %v31
  %v26.sum = add nuw nsw i64 %v26, 1
  %v26.next = call i64 @llvm.expect.i64(i64 %v26.sum, i64 1)
  %v26.more = icmp slt i64 %v26.next, %v2
  br i1 %v26.more, label %loop25.body, label %loop25.end
loop25.end:
  %v27.end = phi double [ %v24, %loop4.end ], [ %v32, %loop25.body ]
  %v33 = fptrunc double %v27.end to float
  %v34 = call float @llvm.sqrt.f32(float %v33)
  %v35 = getelementptr inbounds i64, ptr %numbers, i64 2
  %v36 = load i64, ptr %v35, align 8
  %v37 = getelementptr inbounds i64, ptr %context, i64 %v36
  %v38 = load ptr, ptr %v37, align 8
  store float %v34, ptr %v38, align 1
  ret void
}
define internal void @barrier(ptr %context, i64 %thread, i64 %threads) nounwind noinline {
entry:
  %v1 = icmp sgt i64 %threads, 1
  br i1 %v1, label %when2, label %when2.end
when2:
  %v3 = getelementptr inbounds i64, ptr %context, i64 6
  %v4 = load ptr, ptr %v3, align 8
  %v5 = getelementptr inbounds i64, ptr %context, i64 5
  %v6 = load ptr, ptr %v5, align 8
  %v7 = mul i64 %thread, 128
  %v8 = getelementptr inbounds i8, ptr %v4, i64 %v7
  %v9 = load atomic i64, ptr %v8 monotonic, align 8
  %v10 = add i64 %v9, 1
  store atomic i64 %v10, ptr %v8 release, align 8
  %v12.any = icmp slt i64 0, %threads
  br i1 %v12.any, label %loop11.body, label %loop11.end
loop11.body:
  %v12 = phi i64 [ 0, %when2 ], [ %v12.next, %arrived ]
  %v13 = mul i64 %v12, 128
  %v14 = getelementptr inbounds i8, ptr %v4, i64 %v13
  br label %spin
spin:
  %spins = phi i64 [ 0, %loop11.body ], [ %again, %pause ], [ 0, %offer ]
  %v15 = load atomic i64, ptr %v14 acquire, align 8
  %v16 = icmp sge i64 %v15, %v10
  br i1 %v16, label %arrived, label %wait
wait:
  %again = add i64 %spins, 1
  %long = icmp sgt i64 %spins, 2000
  br i1 %long, label %offer, label %pause
pause:
  call void @llvm.x86.sse2.pause()
  br label %spin
offer:
  %ignored = call i32 %v6()
  br label %spin
arrived:
  %v12.sum = add nuw nsw i64 %v12, 1
  %v12.next = call i64 @llvm.expect.i64(i64 %v12.sum, i64 1)
  %v12.more = icmp slt i64 %v12.next, %threads
  br i1 %v12.more, label %loop11.body, label %loop11.end
loop11.end:
  br label %when2.end
when2.end:
  ret void
}
define void @run_kernels(ptr %context, i64 %thread, i64 %threads, i64 %step, i64 %first, i64 %end) nounwind {
entry:
  %v2.any = icmp slt i64 %first, %end
  br i1 %v2.any, label %loop1.body, label %loop1.end
loop1.body:
  %v2 = phi i64 [ %first, %entry ], [ %v2.next, %loop1.body ]
  %v3 = mul i64 %v2, 3
  %v4 = add i64 %v3, 0
  %v5 = getelementptr inbounds i64, ptr @data4, i64 %v4
  %v6 = load i64, ptr %v5, align 8
  %v7 = add i64 %v3, 1
  %v8 = getelementptr inbounds i64, ptr @data4, i64 %v7
  %v9 = load i64, ptr %v8, align 8
  %v10 = add i64 %v3, 2
  %v11 = getelementptr inbounds i64, ptr @data4, i64 %v10
  %v12 = load i64, ptr %v11, align 8
  %v13 = sub i64 %v9, 1
  %v14 = add i64 %v6, %v13
  %v15 = udiv i64 %v14, %v9
  %v16 = icmp ne i64 %v12, 0
  %v17 = select i1 %v16, i64 %threads, i64 1
  %v18 = icmp ne i64 %v12, 0
  %v19 = select i1 %v18, i64 %thread, i64 0
  %v20 = mul i64 %v19, %v15
  %v21 = udiv i64 %v20, %v17
  %v22 = mul i64 %v21, %v9
  %v23 = call i64 @llvm.umin.i64(i64 %v22, i64 %v6)
  %v24 = add i64 %v19, 1
  %v25 = mul i64 %v24, %v15
  %v26 = udiv i64 %v25, %v17
  %v27 = mul i64 %v26, %v9
  %v28 = call i64 @llvm.umin.i64(i64 %v27, i64 %v6)
  %v29 = getelementptr inbounds ptr, ptr @data2, i64 %v2
  %v30 = load ptr, ptr %v29, align 8
  %v31 = mul i64 %v2, 2
  %v32 = add i64 %v31, 0
  %v33 = getelementptr inbounds ptr, ptr @data3, i64 %v32
  %v34 = load ptr, ptr %v33, align 8
  %v35 = add i64 %v31, 1
  %v36 = getelementptr inbounds ptr, ptr @data3, i64 %v35
  %v37 = load ptr, ptr %v36, align 8
  call void %v30(ptr %context, i64 %thread, i64 %v23, i64 %v28, i64 %step, ptr %v34, ptr %v37)
  %v2.sum = add nuw nsw i64 %v2, 1
  %v2.next = call i64 @llvm.expect.i64(i64 %v2.sum, i64 1)
  %v2.more = icmp slt i64 %v2.next, %end
  br i1 %v2.more, label %loop1.body, label %loop1.end
loop1.end:
  ret void
}
define internal i1 @make_step(ptr %context, i64 %thread, i64 %threads, i64 %step) nounwind {
entry:
  call void @run_kernels(ptr %context, i64 %thread, i64 %threads, i64 %step, i64 0, i64 1)
  call void @barrier(ptr %context, i64 %thread, i64 %threads)
  ret i1 true
}
define void @run(ptr %context, i64 %thread, i64 %threads) nounwind {
entry:
  %v1 = getelementptr inbounds i64, ptr %context, i64 2
  %v2 = load i64, ptr %v1, align 8
  br label %head
head:
  %number = phi i64 [ 0, %entry ], [ %next, %body ]
  %more = icmp slt i64 %number, %v2
  br i1 %more, label %body, label %end
body:
  %v3 = call i1 @make_step(ptr %context, i64 %thread, i64 %threads, i64 %number)
  %next = add i64 %number, 1
  br i1 %v3, label %head, label %end
end:
  %v4 = icmp eq i64 %thread, 0
  br i1 %v4, label %when5, label %when5.end
when5:
  %v6 = getelementptr inbounds i64, ptr %context, i64 3
  store i64 %number, ptr %v6, align 8
  br label %when5.end
when5.end:
  ret void
}
define void @set_context(ptr %context) nounwind {
entry:
  store ptr %context, ptr @context, align 8
  ret void
}
define void @run_again() nounwind {
entry:
  %v1 = load ptr, ptr @context, align 8
  call void @run(ptr %v1, i64 0, i64 1)
  ret void
}

