var re=(t,e)=>t.addEventListener("abort",e);function Ce(t){if(!Number.isFinite(t))return"–";let e=Math.abs(t),r=e>=1e4||e>0&&e<.001?t.toExponential(1).replace("e+","e"):String(+t.toPrecision(3));return(t>0?"+":"")+r.replaceAll("-","−")}function pe(t,e=1){let r=10**-e;return t>0&&200*t<r?`<${r} %`:`${(100*t).toFixed(e)} %`}var _e=t=>t!=="rest"&&t!=="stopped";function be(t){return typeof t=="string"?Uint8Array.from(atob(t),e=>e.charCodeAt(0)):new Uint8Array(t.buffer,t.byteOffset,t.byteLength)}function $e(t,e,r,n){let o=e?t:0;return Float32Array.from({length:o+t+1},(a,i)=>{let f=(i-o)/t;return Math.sign(f)*Math.abs(f)**n*r})}var ke=2047;function Ue(t,e,r){let{signed:n,gamma:o}=t,[a,i]=t.shape,f=t.peak||0,c=be(t.data),l=$e(n?127:255,n,f,o),u=Te(c,l),d={width:e,height:r,signed:n,nativeValues:l,nativeCounts:u};if(i===e&&a===r)return{...d,index:c,values:l,counts:u};let y=Float32Array.from(c,p=>l[p]),w=$e(ke,n,f,2),K=n?ke:0,M=ft(y,a,i,r,e),b=new Uint16Array(M.length);for(let p=0;p<M.length;p++){let h=M[p]/(f||1);b[p]=K+Math.round(Math.sign(h)*Math.sqrt(Math.abs(h))*ke)}return{...d,index:b,values:w,counts:Te(b,w)}}function Te(t,e){let r=new Uint32Array(e.length);for(let n=0;n<t.length;n++)r[t[n]]++;return r}function ft(t,e,r,n,o){return Pe(Pe(t,e,r,o,1),o,e,n,o)}function Pe(t,e,r,n,o){let a=new Float32Array(e*n),i=o===1;for(let f=0;f<n;f++){let c=Math.max(0,(f+.5)*r/n-.5),l=Math.min(Math.floor(c),r-1),u=Math.min(l+1,r-1),d=c-l;for(let y=0;y<e;y++){let w=i?y*r:y,K=t[w+l*o],M=t[w+u*o];a[i?y*n+f:f*o+y]=(1-d)*K+d*M}}return a}function s(t,...e){let[r,...n]=t.split("."),o=document.createElement(r||"div");r==="button"&&Q(o,{type:"button"}),o.className=n.map(a=>`xw-${a}`).join(" ");for(let a of e)typeof a=="string"||a instanceof Node?o.append(a):Q(o,a);return o}function Q(t,e){for(let[r,n]of Object.entries(e)){let o=r.replace("_","data-xw-").replace("$","aria-");n==null||n===!1?t.removeAttribute(o):t.setAttribute(o,n===!0?"":`${n}`)}}function W(t,e){t.textContent!==e&&(t.textContent=e)}function ee(t,e){t.hidden=!e,W(t,e)}function $(t,e,r,n){for(let o of r.split(" "))e.addEventListener(o,n,{signal:t,passive:!1})}var te=t=>t.preventDefault(),Oe=({ctrlKey:t,metaKey:e,altKey:r})=>t||e||r;function Qe(t,e,...r){let n=document.createElementNS("http://www.w3.org/2000/svg",t);return Q(n,e),n.append(...r),n}function Re(t,e="",r="0 0 16 16"){return Qe("svg",{class:e,viewBox:r,preserveAspectRatio:"none",$hidden:"true"},Qe("path",{d:t}))}function mt(t){let e=new AbortController;return re(t,()=>e.abort()),()=>(e.abort(),e=new AbortController,e.signal)}function le(t,e,r){let n=[...e.children],o=mt(t),a,i=[];return(f,c=f)=>{if(c===a)return i;a=c;let l=o(),u=f.map((d,y)=>r(d,y,l));return i=u.map(([,d])=>d),e.replaceChildren(...n,...u.flatMap(([d])=>d)),i}}function Be(t,e,r){t.width=e,t.height=1;let n=new ImageData(e,1);for(let o=0;o<e;o++)n.data.set(r(o),4*o);t.getContext("2d")?.putImageData(n,0,0)}var ge=()=>`xw-${Math.random().toString(36).slice(2)}`;function ce(t,e,r,n,o){let a=ge(),i=n.map(([u,,d])=>s("input",{type:"radio",name:a,value:u,$label:d})),f=n.map(([,u],d)=>s("label.segment",{_text:u},i[d],u)),c=s(".segments",{role:"radiogroup",$label:e,_control:r});return c.append(...f),$(t,c,"change",({target:u})=>o(u.value)),$(t,c,"dblclick",()=>o(n[0][0])),[c,(u,d=null)=>{for(let[y,[w,,K]]of n.entries())Q(f[y],{title:d??K}),Q(i[y],{disabled:!!d}),i[y].checked=w===u}]}var we=[["inferno","Inferno",0,"00810080048183LK9E7R2LM21^2R_6^27^2R_2R__677dDd89fJKK]0^Q_Dd8fJK0LM277^2g_9Nd87^_DIK]]]KI777^2R_27^_27^2^QMM]KKKE99`87R2^QQQ0L0LKKKMKKKM2dJNNKIEd87EI07K]6d8KKKK]0^6^_8IdJIKKKKK]KM]011^QM2L`9g2LId2LK7LKI0I",[]],["viridis","Viridis",0,"44800181548279fJKKKMQQ2R__677777R_2R_Q_Q2R21^KQI971LE`_2LKKKId877R_Q2^Q2R_DI777de89E99fJEKIKfJKKKKKQKKK0LKKKMKKKMKKQK0L]KMQQQM_Q____DdDd8EEI_8deJEKQ]]677EIII9KfJKKKKKKKK0L]01^Q_2`DIIIKKK01^Q_D7EdeeD^fhM9L",[]],["cividis","Cividis",0,"008022814e81KKKKK<.K]_8EfJKKKKKKQK0L0L0L]KMKMKKKKQKKKKKKKEKKKKKIKKEKfJfJ9f/K]]Q2^2^QQM2^QQ2^]Q21^QQ21^]QQMM2111111LMMQQ]KMQ0LQKMKMKQKKQKKKKN^Q]K).LQ]KMKMKKKKKKIKEfJIEEEd8dJKIQKK0LQ]]]]Q_6^__DdDEE9KKQ]6IoN",[22,2,762,1]],["gray","Grey",0,"008100810081",[]],["coolwarm","Blue to red",1,"3b814c82c082KIE999EEd8E7E7`8`8d8d8EIIIIEKfJKKKQ]Q__DEEKKKQQ277EdJIKKM01^677LQQQM2^6^2777`DEIIEKKKKMQ2^_Dd8K[_8EI9KKKQ0^]_67`8EEEfJKKQ0^c8Z_J__D799KKK]]Q__8EfJK]]]_6EdJEKKM]27777d_87`87`D77d__27^2^QMMM]K]",[]],["BrBG","Brown to teal",1,"548230810580E9fJIIKKKKKK0999999]KKMK0IKKQKKBIEfJI*IE9fJI9KKKKKdKKKKQfLKKMKKKId89EIL]K0LK__27R_D677777]_____)7^_67CKQKM0LQKQKQKlJKKEKKd8E7EdJE9fJIE:E7E7`VfJ9KEK]]0111IK]KKK]8d8d8I6^27^2IKKKKKfJKKEKKE9fJE9",[126,-1,305,1,433,-1,638,-2]],["berlin","Blue to red, dark centre",1,"9e7eb080ff7f]Q_6777^]E7L;KEEId8EdD77RM]EK`QEfJKId8`__21LfJI9KKKKKKKKKKIK9KEKQM2^_DEQ679fJfJ9KIEEEd8`__2LQ9f8LEEIEEd87RMK9`21LM0L]K0LKKKKKKKKKQKQ67IK]677^__6^QMMMM0LKKf8`6^SfSM]KK9K99^K99RMKK9fJIde8E7`87`J",[]]];var Fe=we.map(([t,e,r])=>({name:t,title:e,diverging:!!r})),De=new Map;function Ve(t){let e=De.get(t);if(e)return e;let[,,r,n,o]=we.find(([i])=>i===t)??we[0],a=ht(n,o,r);return De.set(t,a),a}function ht(t,e,r){let n=new Uint8Array(768),o=Array.from({length:768},(a,i)=>{let f=t.charCodeAt(12+(i>>2))||75;return Math.floor((f-35)/3**(i&3))%3-1});for(let a=0;a<e.length;a+=2)o[e[a]]+=e[a+1];for(let a=0;a<3;a++){let i=+`0x${t.slice(4*a,4*a+2)}`,f=+`0x${t.slice(4*a+2,4*a+4)}`-128;for(let c=r;c<256;c++)n[3*c+a]=i,i+=f,f+=o[256*a+c-r]}return r&&n.copyWithin(0,3,6),n}function He(t,e){let r=t==="auto"?e?"coolwarm":"inferno":t;return Fe.find(n=>n.name===r)??Fe[0]}function fe(t,e,r){return Math.max(e,Math.min(r,t))}function Je(t,e){return e==="positive"?Math.max(t,0):e==="negative"?Math.min(t,0):t}function je(t,e,r){let{nativeValues:n,nativeCounts:o}=t,a=Array.from(n,(d,y)=>[Math.abs(Je(d,r)),o[y]]).sort(([d],[y])=>d-y),i=o.reduce((d,y)=>d+y),f=d=>{let y=d;for(let[w,K]of a)if(y-=K,y<0)return w;return 0},c=(i-1)*e/100,l=Math.floor(c),u=f(l);return u+(c-l)*(f(Math.min(l+1,i-1))-u)||f(i-1)}function bt(t,e,r){return e<=0?0:fe(Je(t,r)/e,-1,1)}function gt(t,e){let r=Math.abs(t);return e?128+Math.sign(t)*Math.floor(127*r+.5):Math.floor(255*r+.5)}function wt(t){return t*t*(3-2*t)}function qe(t,e){let{most:r,threshold:n,sign:o,lut:a,diverging:i,opaque:f}=e,c=new Uint8ClampedArray(4*t.length);for(let l=0;l<t.length;l++){let u=bt(t[l],r,o);Math.abs(u)<n&&(u=0);let d=3*gt(u,i);c[4*l]=a[d],c[4*l+1]=a[d+1],c[4*l+2]=a[d+2],c[4*l+3]=f?255:Math.floor(255*wt(Math.abs(u))+.5)}return new Uint32Array(c.buffer)}function ze(t,e,r){for(let n=0;n<t.length;n++)t[n]=r[e[n]]}var xe;function Me(t,e,r,n){let{width:o,height:a}=t,i=t.getContext("2d");if(!i)return;let f=Math.min(o/e.width,a/e.height),[c,l]=[Math.round(e.width*f),Math.round(e.height*f)],[u,d]=[o-c>>1,a-l>>1];if(i.globalAlpha=1,i.globalCompositeOperation="source-over",i.clearRect(0,0,o,a),i.imageSmoothingEnabled=Math.max(e.width,e.height)>=64,i.drawImage(e,u,d,c,l),!r?.peak||!c||!l)return;xe??=new OffscreenCanvas(1,1),Object.assign(xe,{width:c,height:l});let y=new ImageData(c,l),w=Ue(r,c,l),{clip:K,sign:M,threshold:b,opacity:p,blend:h}=n,{name:v,diverging:C}=He(n.colormap,r.signed),x={most:je(w,K,M),threshold:b,sign:M,lut:Ve(v),diverging:C,opaque:!1};ze(new Uint32Array(y.data.buffer),w.index,qe(w.values,x)),xe.getContext("2d").putImageData(y,0,0),i.globalAlpha=p,i.globalCompositeOperation=h==="normal"?"source-over":h,i.drawImage(xe,u,d),i.globalAlpha=1,i.globalCompositeOperation="source-over"}var We=[["heatmap","Open in the heatmap viewer"],["faithfulness","Does the map tell the truth?"],["comparison","Compare gradients"]],xt=288;function Ze(t,e,r){let n=s("canvas.photo",{role:"img"}),o=s(".placebox",{hidden:!0}),a=s(".photobox",n,o),[i,f]=[s("p.facts.key"),s("p.facts")],c=s(".bars"),l=s(".near"),u=s("section.part",s("h3","Looks most like"),l),d=s(".verdicts"),y=s("button.link",{_control:"undo"},"Undo"),w=s("span"),K=s("section.part",s("h3.split","What is it?",w),d,y),M=We.map(([m,N])=>s("button.wide",{_control:`open-${m}`},N)),b=s("button.wide",{_control:"cover"}),p=s("p.tried"),h=s("section.part.test",s("p",s("b","Test it. "),"Draw a box on the picture over what you suspect, and cover it in all that are shown: the change is told beside that of random places."),b,p),v=s("section.part",...M),C=s("p.nothing","Choose a picture: click one, or walk with the arrow keys."),A="prediction",x,L=-1,B,oe=[1,1],[X,Y]=ce(t,"Map for","map-of",[["prediction","answer"],["label","label"]],m=>{A=m,F()}),ne=s(".chosen",a,X,i,f,c,u,K,h,v),ie=s(".one",C,ne);$(t,y,"click",e.undo),M.forEach((m,N)=>{$(t,m,"click",()=>r.open(We[N][0]))}),$(t,b,"click",()=>{x&&e.cover([...e.rows],x)});let Z,g=({clientX:m,clientY:N})=>{let{left:R,top:k,width:S,height:H}=n.getBoundingClientRect(),J=G=>Math.max(0,Math.min(1,G));return[J((m-R)/S),J((N-k)/H)]};$(t,n,"pointerdown",m=>{e.frozen||!e.head?.able||(Z=g(m),n.setPointerCapture(m.pointerId),te(m))}),$(t,n,"pointermove",m=>{if(!Z)return;let N=g(m),[R,k]=[Math.min(Z[0],N[0]),Math.min(Z[1],N[1])];x=[R,k,Math.abs(N[0]-Z[0]),Math.abs(N[1]-Z[1])],I()}),$(t,n,"pointerup pointercancel",()=>{Z=void 0,x&&x[2]*x[3]<2e-4&&(x=void 0),I()});function I(){let m=x??e.set(e.looks.slice)?.box??void 0;if(o.hidden=!m,m){let[R,k,S,H]=m.map(J=>`${100*J}%`);o.style.cssText=`left:${R};top:${k};width:${S};height:${H}`}x??=m?[...m]:void 0;let N=e.rows.length;W(b,x?`Cover it in these ${N.toLocaleString("en")} pictures`:"Draw a box on the picture"),b.disabled=!x||!!e.experiment?.busy||!N}let E=le(t,d,(m,N,R)=>{let k=s("button.verdict",{$pressed:"false"},s("span.keycap",String(N+1)),m);return $(R,k,"click",()=>r.decide(m)),[k,()=>Q(k,{$pressed:String(e.table?.word("verdict",L)===m)})]}),T=le(t,c,([m,N,R])=>{let k=s("span.class",m,R&&s("span.note",` ${R}`));return k.style.backgroundSize=`${100*N}% 100%`,[s(".bar",{_kind:R},k,s("span.chance",pe(N))),()=>{}]}),P=le(t,l,(m,N,R)=>{let k=s("canvas",{$hidden:"true"}),S=s("button.mini",k);$(R,S,"click",()=>r.choose(m));let H=!1;return[S,()=>{let{table:J}=e,G=J?.word("prediction",m)??"",j=J?.word("label",m)??"",se=j&&j!==G?`${G}, labelled ${j}`:G;Q(S,{title:se,$label:se,_wrong:!!(j&&j!==G)});let me=e.pictures.bitmap(m);!me||H||(H=!0,Object.assign(k,{width:112,height:112}),Me(k,me,void 0,e.looks))}]});async function O(m,N){try{let R=await createImageBitmap(new Blob([be(N.data)],{type:N.mime}));B?.bitmap.close(),B={row:m,picture:N,bitmap:R},m===L&&_()}catch(R){console.warn(R)}}function _(){let m=B?.row===L?B.bitmap:e.pictures.bitmap(L);if(!m)return;let N=Math.min(devicePixelRatio||1,2),R=xt*N/Math.max(m.width,m.height),k=[Math.round(m.width*R),Math.round(m.height*R)];(n.width!==k[0]||n.height!==k[1])&&Object.assign(n,{width:k[0],height:k[1]}),oe=k,a.style.setProperty("--xw-aspect",String(oe[0]/oe[1])),Me(n,m,e.looks.maps?U():void 0,e.looks),Q(n,{_sharp:B?.row===L,_row:L})}function U(){if(A==="prediction"||V())return e.pictures.sprite(L)?.map;let m=e.labelMap(L);return typeof m=="string"?void 0:m}let V=()=>{let{table:m}=e,N=m?.word("label",L);return!N||N===m?.word("prediction",L)};function F(){let{table:m,frozen:N,head:R,looks:k}=e,S=k.row??-1,H=!!(m&&S>=0&&S<m.count);if(C.hidden=H,ne.hidden=!H,!m||!H)return;S!==L&&(L=S,x=void 0,e.lookAt(S));let J=e.detail(S);J?.picture&&B?.picture!==J.picture&&O(S,J.picture);let[G,j]=[m.word("prediction",S),m.word("label",S)],se=m.number("probability",S);X.hidden=V()||N&&e.labelMap(S)===void 0,A==="label"&&!X.hidden&&e.askLabelMap(S),Y(A),_(),I(),W(i,[m.word("key",S),`row ${S.toLocaleString("en")}`,...D(S)].filter(Boolean).join(" · "));let me=A==="label"&&typeof e.labelMap(S)=="string"?String(e.labelMap(S)):"";ee(f,[J?.words,me].filter(Boolean).join(" "));let ae=!!m.correct[S],de=(J?.top??[]).map(({name:z,probability:Le,index:pt})=>[z,Le,ut(z,pt)]),ve=Math.exp(-m.number("loss",S)),Ae=[];G&&!Number.isNaN(se)&&Ae.push([G,se,ae?"right":j?"wrong":""]),j&&!ae&&!Number.isNaN(ve)&&Ae.push([j,ve,"label"]),de.length&&j&&!ae&&!de.some(([z])=>z===j)&&de.push([j,ve,"label"]);function ut(z,Le){return z===j?ae?"right":"label":z===G&&j&&!ae?"wrong":""}let Ie=de.length?de:Ae;for(let z of T(Ie,JSON.stringify(Ie)))z();let he=e.nearest(S);u.hidden=!he.length,e.wantAlso(he);for(let z of P(he,he.join()))z();let Ne=r.subjects();W(w,Ne.length>1?`${Ne.length.toLocaleString("en")} chosen`:""),K.hidden=N&&!m.word("verdict",S),y.hidden=N;for(let z of E(e.verdict_words))z();for(let z of d.querySelectorAll("button"))z.disabled=N;h.hidden=v.hidden=N||!R?.able;let{experiment:Ke}=e;Q(p,{_survives:Ke?.survives}),ee(p,Ke?.busy?"Covering …":Ke?.words??"");let dt=_e(e.state())&&["gone","silent"].includes(e.state());for(let z of M)z.disabled=dt;Q(n,{$label:`${m.word("key",S)}: ${G} ${Number.isNaN(se)?"":pe(se)}${j&&!ae?`, labelled ${j}`:""}`})}function D(m){let{table:N,head:R}=e,k=(R?.metadata??[]).slice(0,6).map(H=>{let J=N.word(H,m);return J&&`${H} ${J}`}),S=N.number("loss",m);return[...k,Number.isNaN(S)?"":`loss ${Ce(S).replace("+","")}`]}return{part:[ie,F],paint:()=>{_();for(let m of P(e.nearest(L),e.nearest(L).join()))m()}}}var ue=65535;function Ge(t,e){let[r,n]=[t.codes("label"),t.codes("prediction")],o=new Map,a=t.classes.length;for(let i=0;i<t.count;i++){if(e&&!e[i]||r[i]===ue||n[i]===ue)continue;let f=r[i]*a+n[i];o.set(f,(o.get(f)??0)+1)}return o}function Ye(t,e){let r=new Map;for(let[n,o]of t){let a=Math.floor(n/e);r.set(a,(r.get(a)??0)+o)}return[...t].map(([n,o])=>{let a=Math.floor(n/e);return{label:a,prediction:n%e,count:o,share:o/r.get(a)}}).filter(({label:n,prediction:o})=>n!==o).sort((n,o)=>o.count-n.count||o.share-n.share||n.label-o.label)}function Xe(t,e,r,n){let o=[],a=n.length/2;for(let i=0;i<t.length;i++){if(!r[i]||Number.isNaN(t[i]))continue;let[f,c]=[t[i],e[i]],l=!1;for(let u=0,d=a-1;u<a;d=u++){let[y,w]=[n[2*u],n[2*u+1]],[K,M]=[n[2*d],n[2*d+1]];w>c!=M>c&&f<(K-y)*(c-w)/(M-w)+y&&(l=!l)}l&&o.push(i)}return o}var ye=25,Ee=40;function et(t,e,r){let n=e.length,o=Math.min(r,n),a=[],i=0;for(let l=0;l<o;l++){let u=Math.floor(n/o)+ +(l<n%o);a.push(e.slice(i,i+u)),i+=u}let f=new Map(a.flatMap((l,u)=>l.map(d=>[d,u]))),c=a.map(()=>new Array(o).fill(0));for(let[l,u]of t)c[f.get(Math.floor(l/n))][f.get(l%n)]+=u;return{counts:c,bundles:a}}function tt(t,e,r){let n=s("table.matrix",{_control:"confusion"}),o=s(".pairs"),[a,i]=[s("p.facts"),s("p.facts")],f=s(".matrixbox",n),c=s(".confusion",a,f,s("h3","Taken for another"),o,i),l="",u=le(t,o,({label:w,prediction:K,count:M,share:b},p,h)=>{let{classes:v}=e.table,C=s("button.set.pair",s("span.title",`${v[w]} → ${v[K]}`)),A=s("canvas.sharebar",{$hidden:"true"});return Be(A,1,()=>[0,0,0,0]),C.append(s("span.figure",M.toLocaleString("en")),s("span.note",`${pe(b,0)} of them`)),$(h,C,"click",()=>r.show({label:[w],prediction:[K]},"")),[C,()=>{}]});function d(){let{table:w}=e;if(!w)return;let K=w.classes.length,M=K>ye;M&&w.done+w.failed===w.count&&e.read("order");let b=`${w.answered} ${e.order?.length}`;if(b===l)return;l=b;let p=Ge(w),h=Ye(p,K),v=h.reduce((L,{count:B})=>L+B,0),C=e.order?[...e.order]:w.classes.map((L,B)=>B),A=`${v.toLocaleString("en")} of ${e.total.labelled.toLocaleString("en")} pictures are taken for another class.`;W(a,M?`${A} ${K.toLocaleString("en")} classes in ${Math.min(ye,K)} bundles, those that are confused beside each other; a cell shows its pictures.`:`${A} Labels down, answers across; a cell, a row or a column shows its pictures.`),M?y(et(p,C,ye),w.classes,!0):y(et(p,w.classes.map((L,B)=>B),ye),w.classes,!1),u(h.slice(0,Ee));let x=h.slice(Ee).reduce((L,{count:B})=>L+B,0);W(i,x?`and ${x.toLocaleString("en")} in ${(h.length-Ee).toLocaleString("en")} other confusions`:"")}function y({counts:w,bundles:K},M,b){let p=w.map(x=>x.reduce((L,B)=>L+B,0)),h=x=>x.length>1?`${M[x[0]]} and ${x.length-1} more`:M[x[0]],v=(x,L)=>($(t,x,"click",()=>r.show(L,"")),x),C=K.map(x=>s("th",{scope:"col"},v(s("button.turned",{title:`answers: ${h(x)}`},b?"":h(x)),{prediction:x}))),A=w.map((x,L)=>{let B=K[L],oe=v(s("button.side",{title:`labels: ${h(B)}`},h(B)),{label:B}),X=x.map((Y,ne)=>{let ie=p[L]?Y/p[L]:0,Z=L===ne,g=`${h(B)}, answered ${h(K[ne])}: ${Y}`,I=s("button.cell",{title:g,$label:g,disabled:!Y},b||!Y?"":String(Y));I.style.setProperty("--xw-weight",`${Math.round(100*Math.sqrt(ie))}%`),Q(I,{_right:Z,_strong:ie>.45});let E={label:B,prediction:K[ne]};return s("td",v(I,b&&Z?{...E,correct:!1}:E))});return s("tr",s("th",{scope:"row"},oe),...X)});n.replaceChildren(s("tr",s("td"),...C),...A),Q(n,{_many:b}),n.style.setProperty("--xw-n",String(K.length))}return[c,d]}function nt(t,e,r){let n=s("button.link.back",{_control:"back"},"← Back to the pictures"),o=s("span.facts"),[a,i]=ce(t,"Viewer","viewer",[["heatmap","Heatmap"],["faithfulness","Faithfulness"],["comparison","Gradients"]],K=>r.open(K)),f=s("p.nothing",{hidden:!0}),c=s(".place"),l=s(".inplace",{hidden:!0},s(".tools2",n,o,s("span.spring"),a),f,c),u;$(t,n,"click",w),t.addEventListener("abort",()=>u?.());function d(K,M){l.hidden=!1,i(K),W(o,M),ee(f,"Opening …"),u?.(),u=void 0,c.replaceChildren(),n.focus({preventScroll:!0})}async function y(K){if(!l.hidden){if(K.words)return ee(f,K.words);try{let M=await e.widget_manager.get_model(K.model),b=new Blob([String(M.get("_esm"))],{type:"text/javascript"}),p=URL.createObjectURL(b),h=(await import(p)).default;URL.revokeObjectURL(p);let v=s("");c.replaceChildren(v);let C=v.attachShadow({mode:"open"}),A=document.createElement("style");A.textContent=String(M.get("_css"));let x=document.createElement("div");C.append(A,x);let L=new AbortController;h.render({model:M,el:x,signal:L.signal}),u=()=>L.abort(),ee(f,"")}catch(M){ee(f,`This host cannot show a viewer in place (${M}). In a cell: xw.HeatmapViewer(study.engine, ...)`)}}}function w(){l.hidden||(u?.(),u=void 0,c.replaceChildren(),l.hidden=!0,r.closed())}return{element:l,wait:d,take:y,close:w,isOpen:()=>!l.hidden}}var rt=380;function ot(t,e,r,n,o){let a=ge(),i=s(".popup",{role:"listbox",id:a,$label:n,hidden:!0}),f=[],c=[],l=-1;e.append(i),re(t,()=>i.remove()),Q(r,{role:"combobox",$haspopup:"listbox",$expanded:"false",$controls:a}),$(t,i,"pointerdown mousedown",te),$(t,r,"blur",u);function u(){i.hidden||(i.hidden=!0,Q(r,{$expanded:"false",$activedescendant:null}))}function d(b){!b||b.reason||(u(),o(b.value))}function y(b){f[l]?.removeAttribute("data-xw-active"),l=b;let p=f[b];if(Q(r,{$activedescendant:p?.id}),!p)return;Q(p,{_active:!0});let{offsetTop:h,offsetHeight:v}=p;i.scrollTop=fe(i.scrollTop,h+v-i.clientHeight+4,Math.max(0,h-28))}function w(b,p){for(let h=b;c[h];h+=p)if(!c[h]?.reason){y(h);break}}function K(b,p,h){let{value:v,reason:C,note:A,swatch:x}=b,L=s("label.option",{id:`${a}-${p}`,role:"option",$selected:String(v===h),$disabled:C?"true":null,_value:v});return x&&L.append(x()),L.append(s("span.label",b.label),s("span.note",C??A??"")),$(t,L,"click",()=>d(b)),L}function M(){let b=i.offsetParent.getBoundingClientRect(),p=r.getBoundingClientRect(),h=b.bottom-p.bottom-12,v=p.top-b.top-12,C=h<Math.min(i.scrollHeight+2,rt)&&v>h,A=b.width-16,x=Math.min(p.left-b.left-1,A+8-i.offsetWidth);i.style.cssText=`min-width:${Math.min(p.width,A)}px;left:${Math.max(8,x)}px;max-height:${fe(C?v:h,120,rt)}px;${C?`bottom:${b.bottom-p.top+3}`:`top:${p.bottom-b.top+3}`}px`}return{isOpen:()=>!i.hidden,close:u,walk:w,open(b,p){c=b,l=-1,f=c.map((A,x)=>K(A,x,p)),i.replaceChildren();let h,v=i;c.forEach((A,x)=>{A.group&&A.group!==h&&(h=A.group,v=s("",{role:"group",$label:h},s(".group",h)),i.append(v)),v.append(f[x])}),i.hidden=!1,Q(r,{$expanded:"true"}),M();let C=c.findIndex(({value:A})=>A===p);C<0?w(0,1):y(C)},find(b){let p=c.length,h=Math.max(0,b.length>1?l:l+1);for(let v=0;v<p;v++){let{label:C,reason:A}=c[(h+v)%p];if(!(A||!C.toLowerCase().startsWith(b))){y((h+v)%p);break}}},key(b){let{key:p}=b;if(p==="ArrowDown")w(l+1,1);else if(p==="ArrowUp")w(l-1,-1);else if(p==="Enter")d(c[l]);else if(p==="Escape")u(),b.stopPropagation();else return!1;return te(b),!0}}}var yt=700;function it(t,e,r,n,o,a,i){let[f,c]=[s("span.label"),s("span.note")],l=Re("M4 6.5l4 4 4-4"),u=s(`button.field.picker.${o}`,{_control:n},f,c,l),d=ot(t,e,u,r,a),y=[],w=[],K="",M="",b=0,p=()=>{u.focus(),w=typeof y=="function"?y():y,d.open(w,K)};return $(t,u,"click",()=>d.isOpen()?d.close():p()),i&&$(t,u,"dblclick",i),$(t,u,"keydown",h=>{let{key:v,timeStamp:C}=h,A=/^[^ ?]$/.test(v)&&!Oe(h);if(d.isOpen()){if(d.key(h))return;if(v==="Home")d.walk(0,1);else if(v==="End")d.walk(w.length-1,-1);else if(!A)return}else if(A||v==="ArrowDown"||v==="ArrowUp")p();else return;te(h),A&&(M=C-b>yt?v:M+v,b=C,d.find(M.toLowerCase()))}),{element:u,show(h,v,C,A="",x=!1){y=h,K=v,W(f,C),Q(f,{title:C}),W(c,A),Q(u,{disabled:x,$label:`${r}: ${C}${A&&`, ${A}`}`})}}}var st=5e3,vt=["correct","label","prediction","loss","probability","slice"],Se=["#4477aa","#ee7733","#228833","#cc3377","#66ccee","#aa7744","#9988dd","#bbaa33","#009988","#777777"];function At(t,e){return[at(t),at(e)]}function at(t){let[e,r]=[Number.POSITIVE_INFINITY,Number.NEGATIVE_INFINITY];for(let n of t)n<e&&(e=n),n>r&&(r=n);return t.map(n=>.03+.94*(n-e)/(r-e||1))}function lt(t,e,r,n){let o=s("canvas.cloud",{role:"img",_control:"similarity"}),a=s("canvas.cloud",{$hidden:"true"}),[i,f]=[s("p.facts"),s("p.legend2")],c=s(".hover2",{hidden:!0}),l=s(".cloudbox",{tabindex:0,role:"group",$label:"Similarity"},o,a,c),u="tsne",d="correct",[y,w]=ce(t,"Projection","projection",[["tsne","t-SNE"],["pca","components"]],g=>{u=g,e.read(u),Z()}),K=it(t,r,"Colour by","colour","prefixed.colour",g=>{d=g,Z()}),M=s("button.wide",{_control:"tsne"},"Place all pictures by t-SNE");$(t,M,"click",()=>e.read("tsne",!0));let b=s(".similarity",s(".tools2",K.element,s("span.spring"),y),l,M,f,i),[p,h]=[new Float32Array,new Float32Array],v,C="",A=[],x=!1;function L(){let g=e.table,I=getComputedStyle(r),E=I.getPropertyValue("--xw-point")||"#4477aa",T=I.getPropertyValue("--xw-wrong-ink")||"#d9480f",P=I.getPropertyValue("--xw-faint")||"#bbb";if(d==="correct")return{of:_=>g.correct[_]?E:g.codes("label")[_]===ue?P:T,keys:[["right",E],["wrong",T]]};if(d==="slice"){let _=e.set(e.looks.slice)?.mask,U=e.set(e.looks.slice)?.title??"no slice is shown";return{of:V=>_?.[V]?T:E,keys:[[U,T],["the others",E]]}}let O=g.columns.get(d);if(O?.kind==="number"){let[_,U]=[Number.POSITIVE_INFINITY,Number.NEGATIVE_INFINITY];for(let F of O.data)F<_&&(_=F),F>U&&Number.isFinite(F)&&(U=F);let V=F=>`hsl(${(250-215*F).toFixed(0)} 75% ${(45+8*F).toFixed(0)}%)`;return{of:F=>{let D=(O.data[F]-_)/(U-_||1);return Number.isNaN(D)?P:V(Math.round(12*Math.min(1,Math.sqrt(D)))/12)},keys:[[`${d} ${+_.toPrecision(2)}`,V(0)],[String(+U.toPrecision(3)),V(1)]]}}if(O?.kind==="code"){let _=new Map;for(let D of O.data)D!==ue&&_.set(D,(_.get(D)??0)+1);let U=[..._].sort((D,q)=>q[1]-D[1]).slice(0,Se.length-1).map(([D])=>D),V=new Map(U.map((D,q)=>[D,Se[q]])),F=U.map((D,q)=>[O.values[D],Se[q]]);return _.size>U.length&&F.push(["others",P]),{of:D=>V.get(O.data[D])??P,keys:F}}return{of:()=>E,keys:[]}}function B(){let{clientWidth:g,clientHeight:I}=l,{table:E,mask:T,rows:P}=e;if(!E||!g||!v)return;let O=r.dataset.xwTheme,_=[g,I,u,d,E.version,P.length,e.looks.slice,O,v.length].join();if(_===C&&oe===P)return;oe=P,C=_;let U=Math.min(devicePixelRatio||1,2);for(let k of[o,a])Object.assign(k,{width:g*U,height:I*U});let V=o.getContext("2d"),{of:F,keys:D}=L(),q=P.length<E.done,m=U*(E.done>2e4?1.2:E.done>3e3?1.8:2.8),N=new Map,R=(k,S,H)=>{let J=N.get(k);J??=new Path2D,N.set(k,J);let[G,j]=[p[S]*o.width,h[S]*o.height];J.moveTo(G+H,j),J.arc(G,j,H,0,7)};for(let k=0;k<p.length;k++)Number.isNaN(p[k])||R(`${T[k]?"1":"0"}${F(k)}`,k,T[k]?m:.8*m);for(let k of["0","1"]){V.globalAlpha=k==="0"?q?.14:.6:E.done>2e4?.6:.85;for(let[S,H]of N)S[0]===k&&(V.fillStyle=S.slice(1),V.fill(H))}V.globalAlpha=1,f.replaceChildren(...D.map(([k,S])=>{let H=s("i.dot");return H.style.background=S,s("span",H,k)})),X()}let oe;function X(){let g=a.getContext("2d");g.clearRect(0,0,a.width,a.height);let I=e.looks.row??-1,E=a.width/(l.clientWidth||1);if(g.lineWidth=2*E,g.strokeStyle=getComputedStyle(r).color,I>=0&&!Number.isNaN(p[I]??Number.NaN)&&(g.beginPath(),g.arc(p[I]*a.width,h[I]*a.height,6*E,0,7),g.stroke()),!(A.length<4)){g.lineWidth=1.2*E,g.setLineDash([4*E,3*E]),g.beginPath();for(let T=0;T<A.length;T+=2)g.lineTo(A[T]*a.width,A[T+1]*a.height);g.closePath(),g.stroke(),g.setLineDash([])}}let Y=({clientX:g,clientY:I})=>{let{left:E,top:T,width:P,height:O}=l.getBoundingClientRect();return[(g-E)/P,(I-T)/O]};function ne(g,I){let[E,T]=[l.clientWidth,l.clientHeight],[P,O]=[-1,12**2],{mask:_}=e;for(let U=0;U<p.length;U++){let V=((p[U]-g)*E)**2+((h[U]-I)*T)**2;V<O&&_[U]&&([P,O]=[U,V])}return P}$(t,l,"pointerdown",g=>{g.button||(x=!0,A=Y(g),l.setPointerCapture(g.pointerId))}),$(t,l,"pointermove",g=>{if(x){A.push(...Y(g)),X();return}let I=ne(...Y(g));if(c.hidden=I<0,I<0)return;let{table:E}=e,T=E.word("label",I),P=E.word("prediction",I);W(c,T&&T!==P?`${P}, labelled ${T}`:P),c.style.cssText=`left:${100*p[I]}%;top:${100*h[I]}%`,Q(c,{_late:p[I]>.6})}),$(t,l,"pointerleave",()=>{c.hidden=!0}),$(t,l,"pointerup pointercancel",g=>{if(!x)return;x=!1;let I=A;if(A=[],I.length<12){let E=ne(...Y(g));E>=0&&n.choose(E)}else{let E=Xe(p,h,e.mask,I);E.length&&n.lasso(E),n.speak(`${E.length} pictures within the lasso`)}X(),te(g)}),$(t,l,"keydown",g=>{let[I,E]={ArrowLeft:[-1,0],ArrowRight:[1,0],ArrowUp:[0,-1],ArrowDown:[0,1]}[g.key]??[0,0];if(!I&&!E)return;let T=e.looks.row??e.rows[0]??-1,[P,O]=[-1,Number.POSITIVE_INFINITY];for(let _=0;_<p.length;_++){let[U,V]=[p[_]-p[T],h[_]-h[T]],F=U*I+V*E,D=Math.abs(U*E)+Math.abs(V*I);_===T||!e.mask[_]||F<=0||D>F||F+2*D<O&&([P,O]=[_,F+2*D])}P>=0&&n.choose(P),te(g)});let ie=new ResizeObserver(B);ie.observe(l),re(t,()=>ie.disconnect());function Z(){let{table:g,frozen:I,head:E}=e;if(!g||e.looks.view!=="similarity")return;let T=g.done+g.failed===g.count;T&&e.read(g.count<=st?"tsne":"pca");let P=["tsne","pca"].filter(q=>e.points(q));P.length&&!P.includes(u)&&(u=P[0]);let O=e.points(u);w(u,I?"not in this saved page":null),O&&O[0]!==v&&(v=O[0],[p,h]=At(...O));let _=(E?.metadata??[]).filter(q=>g.columns.get(q)?.kind!=="text"),U=[...vt,..._].map(q=>({value:q,label:q==="correct"?"right or wrong":q}));K.show(U,d,U.find(({value:q})=>q===d)?.label??d);let V=e.busy("tsne")||e.busy("pca");M.hidden=I||!T||g.count<=st||e.known("tsne")||!!e.points("tsne"),M.disabled=e.busy("tsne"),l.hidden=!O;let F=T?"":"Similarity is worked out when all pictures are explained.";ee(i,V?"Placing the pictures …":e.words(u)||(O?"Draw around points to keep them. What lies far apart says little.":F)),Q(o,{$label:`${e.rows.length.toLocaleString("en")} pictures, alike ones near each other`}),B(),v&&X()}return[b,Z]}var ct=`/* The one that is chosen, confusion, similarity, and another viewer in the place of the pictures. */
.xw-dataset {
  /* The one that is chosen. */
  .xw-chosen {
    padding: 14px;
  }
  .xw-photobox {
    position: relative;
    overflow: hidden;
    border-radius: 6px;
    background: var(--xw-soft);
    line-height: 0;
  }
  .xw-photo {
    width: 100%;
    aspect-ratio: var(--xw-aspect, 1);
    cursor: crosshair;
    touch-action: pan-y;
  }
  .xw-placebox {
    position: absolute;
    border: 1.5px solid #fff;
    outline: 1.5px solid #000a;
    pointer-events: none;
  }
  .xw-chosen > .xw-segments {
    margin-top: 8px;
  }
  .xw-chosen > .xw-segments .xw-segment {
    flex: 1;
  }
  .xw-key {
    margin: 6px 0 8px;
    overflow-wrap: anywhere;
  }
  .xw-bar[data-xw-kind="wrong"] .xw-class {
    color: var(--xw-wrong-ink);
    font-weight: 600;
  }
  .xw-part {
    margin-top: 14px;
  }
  .xw-near {
    display: grid;
    grid-template-columns: repeat(6, 1fr);
    gap: 5px;
  }
  .xw-mini canvas {
    display: block;
    width: 100%;
    aspect-ratio: 1;
    border-radius: 4px;
    background: var(--xw-soft);
  }
  .xw-mini[data-xw-wrong] canvas {
    box-shadow: 0 0 0 1.5px var(--xw-wrong);
  }
  .xw-verdicts {
    display: grid;
    grid-template-columns: 1fr 1fr;
    gap: 6px;
  }
  .xw-verdict {
    display: flex;
    gap: 8px;
    min-height: 30px;
    padding: 4px 9px;
    border: 1px solid var(--xw-line);
    border-radius: 7px;
  }
  .xw-verdict:hover:enabled {
    background: var(--xw-soft);
  }
  .xw-verdict[aria-pressed="true"] {
    border-color: var(--xw-brand);
    background: var(--xw-tint);
  }
  .xw-keycap {
    color: var(--xw-muted);
  }
  .xw-part > .xw-link {
    display: inline-block;
    margin-top: 4px;
    font-size: 12px;
    color: var(--xw-muted);
  }
  .xw-test {
    padding: 10px 12px;
    border-left: 3px solid var(--xw-wrong);
    border-radius: 0 6px 6px 0;
    background: color-mix(in srgb, var(--xw-wrong) 10%, var(--xw-bg));
    font-size: 12px;
  }
  .xw-test .xw-wide {
    background: var(--xw-bg);
  }
  .xw-tried {
    margin-top: 8px;
  }

  /* Confusion. */
  .xw-confusion,
  .xw-similarity {
    display: flex;
    flex: 1;
    flex-direction: column;
    min-height: 0;
    padding-right: 14px;
    overflow: hidden auto;
    overscroll-behavior: contain;
  }
  .xw-matrixbox {
    flex: none;
    margin: 8px 0 16px;
    overflow: auto hidden;
  }
  .xw-matrix {
    --xw-cell: clamp(20px, calc((100cqw - 740px) / var(--xw-n)), 62px);
    border-collapse: separate;
    border-spacing: 2px;
    font-size: 11px;
    & td,
    & th {
      padding: 0;
      border: 0;
      background: none;
      font-weight: 400;
    }
    & tr,
    & tr:hover {
      background: none;
    }
  }
  .xw-cell {
    display: block;
    width: var(--xw-cell);
    height: max(18px, calc(var(--xw-cell) * 0.72));
    border-radius: 3px;
    background: color-mix(in srgb, var(--xw-wrong) var(--xw-weight), var(--xw-soft));
    font-size: 10px;
    text-align: center;
    &[data-xw-right] {
      background: color-mix(in srgb, var(--xw-brand) var(--xw-weight), var(--xw-soft));
    }
    &[data-xw-strong] {
      color: var(--xw-bg);
    }
    &:hover:enabled {
      outline: 2px solid var(--xw-fg);
    }
  }
  .xw-turned {
    width: var(--xw-cell);
    max-height: 96px;
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
    writing-mode: vertical-rl;
    rotate: 180deg;
  }
  .xw-side {
    max-width: 132px;
    padding-right: 6px;
    overflow: hidden;
    text-align: right;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .xw-matrix th[scope="row"] {
    text-align: right;
  }

  /* Similarity. */
  .xw-cloudbox {
    position: relative;
    flex: 1;
    min-height: 260px;
    margin: 10px 0;
    border-radius: 8px;
    background: var(--xw-soft);
    cursor: crosshair;
    touch-action: none;
  }
  .xw-cloud {
    position: absolute;
    inset: 0;
    width: 100%;
    height: 100%;
  }
  .xw-hover2 {
    position: absolute;
    padding: 3px 8px;
    border-radius: 6px;
    background: var(--xw-fg);
    color: var(--xw-bg);
    font-size: 12px;
    pointer-events: none;
    white-space: nowrap;
    translate: 12px -50%;
    &[data-xw-late] {
      translate: calc(-100% - 12px) -50%;
    }
  }
  .xw-legend2 {
    display: flex;
    flex-wrap: wrap;
    gap: 4px 14px;
    font-size: 12px;
  }
  .xw-dot {
    display: inline-block;
    width: 9px;
    height: 9px;
    margin-right: 6px;
    border-radius: 50%;
  }
  .xw-similarity .xw-facts {
    padding-bottom: 10px;
  }

  /* Another viewer in the place of the pictures. */
  .xw-inplace {
    position: absolute;
    inset: 0;
    z-index: 3;
    overflow: auto;
    padding: 10px 14px;
    background: var(--xw-bg);
  }
  .xw-place {
    margin-top: 10px;
  }

  &[data-xw-layout="medium"] .xw-matrix {
    --xw-cell: clamp(16px, calc((100cqw - 420px) / var(--xw-n)), 40px);
  }
  &[data-xw-layout="narrow"] .xw-matrix {
    --xw-cell: clamp(16px, calc((100cqw - 190px) / var(--xw-n)), 40px);
  }
}
`;function kt(t,e,r){let{signal:n,root:o,model:a,speak:i}=t,f=new CSSStyleSheet;f.replaceSync(ct);let c=o.getRootNode();return c.adoptedStyleSheets=[...c.adoptedStyleSheets,f],re(n,()=>{c.adoptedStyleSheets=c.adoptedStyleSheets.filter(l=>l!==f)}),{chosen:Ze(n,e,r),confusion:tt(n,e,r),similarity:lt(n,e,o,{lasso:l=>e.where("rows",l),choose:r.choose,speak:i}),viewer:nt(n,a,r)}}export{kt as default};
